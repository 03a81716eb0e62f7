use std::{collections::HashMap, time::Duration};

use fief_test_server::{Client as TestClient, FiefTestServer, FieldType, User, UserField};
use fief_tests::{RealFief, Seed, SeedClient, SeedField, SeedUser};
use serde_json::Value;

/// A Fief filled with the seed, whichever it is.
pub(crate) struct Target {
    pub(crate) base_url: String,
    pub(crate) issuer: String,
    pub(crate) seed: Seed,
    pub(crate) http: reqwest::Client,
    clients: HashMap<String, Client>,
    kind: Kind,
}

/// How an application knows itself and its tenant.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) base_url: String,
}

enum Kind {
    Embedded(FiefTestServer),
    Real(RealFief),
}

impl Target {
    pub(crate) async fn embedded() -> Self {
        let seed = Seed::load();
        let mut builder = FiefTestServer::builder().tenant(&seed.tenant);
        for client in &seed.clients {
            builder = builder.client(embedded_client(client, &seed.redirect_uri));
        }
        for field in seed.fields {
            builder = builder.user_field(embedded_field(field));
        }
        for user in seed.users {
            builder = builder.user(embedded_user(user));
        }
        let server = builder.start().await.unwrap();
        let credentials = |name: &str| (name.to_owned(), "secret".to_owned());
        Self::new(
            server.url().into(),
            server.issuer().into(),
            credentials,
            Kind::Embedded(server),
        )
    }

    pub(crate) fn real() -> Self {
        let fief = RealFief::from_env();
        let credentials = |name: &str| {
            let client = fief.seeded(name);
            (client.id, client.secret)
        };
        Self::new(
            fief.base_url.clone(),
            fief.issuer.clone(),
            credentials,
            Kind::Real(fief.clone()),
        )
    }

    fn new(
        base_url: String,
        issuer: String,
        credentials: impl Fn(&str) -> (String, String),
        kind: Kind,
    ) -> Self {
        let seed = Seed::load();
        let clients = seed.clients.iter().map(|client| {
            let (id, secret) = credentials(&client.name);
            let base_url = match &client.tenant {
                Some(tenant) => format!("{base_url}/{tenant}"),
                None => base_url.clone(),
            };
            let name = client.name.clone();
            let client = Client {
                id,
                secret,
                base_url,
            };
            (name, client)
        });
        Self {
            clients: clients.collect(),
            base_url,
            issuer,
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            seed,
            kind,
        }
    }

    pub(crate) fn client(&self, name: &str) -> &Client {
        &self.clients[name]
    }

    pub(crate) fn user(&self, email: &str) -> &SeedUser {
        let mut users = self.seed.users.iter();
        users.find(|user| user.email == email).unwrap()
    }

    /// Lets this much time go by for the server.
    pub(crate) async fn pass(&self, time: Duration) {
        match &self.kind {
            Kind::Embedded(server) => server.advance(time),
            Kind::Real(_) => tokio::time::sleep(time).await,
        }
    }

    /// The code in the last mail that asked this user to verify an address.
    pub(crate) async fn mailed_code(&self, email: &str) -> String {
        match &self.kind {
            Kind::Embedded(server) => server.verification_code(email).unwrap(),
            Kind::Real(fief) => fief.mailed_code().await,
        }
    }

    /// Has events sent to an address: gives the secret they are signed with.
    pub(crate) async fn webhook(&self, url: &str, event: &str) -> String {
        match &self.kind {
            Kind::Embedded(server) => {
                server.add_webhook(url, "secret");
                "secret".to_owned()
            }
            Kind::Real(fief) => fief.webhook(url, event).await,
        }
    }

    /// The private key of a client whose ID tokens are encrypted.
    pub(crate) fn encryption_key(&self, client: &str) -> Value {
        match &self.kind {
            Kind::Embedded(server) => serde_json::from_str(&server.encryption_key()).unwrap(),
            Kind::Real(fief) => fief.encryption_key(client),
        }
    }

    pub(crate) async fn delete_user(&self, email: &str) {
        match &self.kind {
            Kind::Embedded(server) => server.delete_user(email),
            Kind::Real(fief) => fief.delete_user(email).await,
        }
    }
}

fn embedded_client(client: &SeedClient, redirect_uri: &str) -> TestClient {
    let mut made = if client.public {
        TestClient::public(&client.name)
    } else {
        TestClient::new(&client.name).secret("secret")
    };
    made = made.redirect_uri(redirect_uri);
    if client.third_party {
        made = made.third_party();
    }
    if client.encrypted {
        made = made.encrypted_id_tokens();
    }
    if let Some(tenant) = &client.tenant {
        made = made.tenant(tenant);
    }
    if let Some(lifetimes) = &client.lifetimes {
        made = made
            .code_lifetime(Duration::from_secs(lifetimes.code))
            .token_lifetime(Duration::from_secs(lifetimes.token))
            .refresh_token_lifetime(Duration::from_secs(lifetimes.refresh));
    }
    made
}

fn embedded_field(field: SeedField) -> UserField {
    let kind = match field.r#type.as_str() {
        "BOOLEAN" => FieldType::Boolean,
        "DATE" => FieldType::Date,
        "STRING" => FieldType::String,
        other => panic!("a field of {other}"),
    };
    let made = UserField::new(field.slug, kind);
    match field.default {
        Some(value) => made.default_value(value),
        None => made,
    }
}

fn embedded_user(user: SeedUser) -> User {
    let mut made = User::new(user.email, user.password);
    for permission in user.permissions {
        made = made.permission(permission);
    }
    for (slug, value) in user.fields {
        made = made.field(slug, value);
    }
    match user.tenant {
        Some(tenant) => made.tenant(tenant),
        None => made,
    }
}
