use std::{str::FromStr, time::Duration};

use fief_test_server::Client;
use serde::Deserialize;

/// Client, as in a seed file. Lifetimes are in seconds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedClient {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    name: Option<String>,
    #[serde(default)]
    public: bool,
    #[serde(default)]
    third_party: bool,
    #[serde(default)]
    pub(crate) encrypted: bool,
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    pub(crate) redirect_uris: Vec<String>,
    code_lifetime: Option<u64>,
    pub(crate) token_lifetime: Option<u64>,
    refresh_token_lifetime: Option<u64>,
}

impl SeedClient {
    pub(crate) fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: Some(secret.to_owned()),
            ..Self::default()
        }
    }

    /// Returns the clients that there are by default: confidential, public and third-party.
    pub(crate) fn defaults(mut first: Self) -> Vec<Self> {
        first.name = Some("Castles".to_owned());
        let public = Self {
            id: "castles-cli".to_owned(),
            name: Some("Castles on the command line".to_owned()),
            public: true,
            ..Self::default()
        };
        let mut third = Self::new("visitors", "visitors-secret");
        third.name = Some("Visitors".to_owned());
        third.third_party = true;
        vec![first, public, third]
    }

    pub(crate) fn secret(&self) -> &str {
        self.secret.as_deref().unwrap_or_default()
    }

    pub(crate) fn is_public(&self) -> bool {
        self.public && self.tenant.is_empty()
    }

    pub(crate) fn is_third_party(&self) -> bool {
        self.third_party && !self.public && self.tenant.is_empty()
    }
}

/// `ID[:SECRET][,public][,third-party][,encrypted][,tenant=SLUG]`
impl FromStr for SeedClient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let credentials = parts.next().unwrap_or_default();
        let (id, secret) = match credentials.split_once(':') {
            Some((id, secret)) => (id, Some(secret.to_owned())),
            None => (credentials, None),
        };
        if id.is_empty() {
            return Err("a client requires an id".to_owned());
        }
        let mut client = Self {
            id: id.to_owned(),
            secret,
            ..Self::default()
        };
        for part in parts {
            match part {
                "public" => client.public = true,
                "third-party" => client.third_party = true,
                "encrypted" => client.encrypted = true,
                other => match other.strip_prefix("tenant=") {
                    Some(slug) => slug.clone_into(&mut client.tenant),
                    None => return Err(format!("unknown property {other:?} of a client")),
                },
            }
        }
        Ok(client)
    }
}

impl From<SeedClient> for Client {
    fn from(client: SeedClient) -> Self {
        let mut made = if client.public {
            Client::public(client.id)
        } else {
            Client::new(client.id)
        };
        made = made.tenant(client.tenant);
        if let Some(name) = client.name {
            made = made.name(name);
        }
        if let Some(secret) = client.secret {
            made = made.secret(secret);
        }
        if client.third_party {
            made = made.third_party();
        }
        if client.encrypted {
            made = made.encrypted_id_tokens();
        }
        for uri in client.redirect_uris {
            made = made.redirect_uri(uri);
        }
        if let Some(seconds) = client.code_lifetime {
            made = made.code_lifetime(Duration::from_secs(seconds));
        }
        if let Some(seconds) = client.token_lifetime {
            made = made.token_lifetime(Duration::from_secs(seconds));
        }
        match client.refresh_token_lifetime {
            Some(seconds) => made.refresh_token_lifetime(Duration::from_secs(seconds)),
            None => made,
        }
    }
}
