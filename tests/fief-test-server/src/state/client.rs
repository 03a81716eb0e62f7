use std::time::Duration;

use crate::crypto::random_string;

/// A client: an application that is registered at the server.
///
/// ```
/// use fief_test_server::Client;
///
/// let client = Client::new("castles")
///     .secret("s3cret")
///     .redirect_uri("http://127.0.0.1:3000/auth-callback");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a client has no effect unless it is added to a server"]
pub struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) secret: String,
    pub(crate) is_public: bool,
    pub(crate) is_third_party: bool,
    pub(crate) encrypts_id_tokens: bool,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) tenant: String,
    pub(crate) code_lifetime: Duration,
    pub(crate) token_lifetime: Duration,
    pub(crate) refresh_lifetime: Duration,
}

impl Client {
    /// A confidential first-party client of the default tenant, with a random secret.
    ///
    /// While it has no [`redirect_uri`](Self::redirect_uri), any absolute one is accepted, so
    /// that tests need not know their application's port beforehand.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            secret: random_string(),
            is_public: false,
            is_third_party: false,
            encrypts_id_tokens: false,
            redirect_uris: Vec::new(),
            tenant: String::new(),
            code_lifetime: Duration::from_secs(600),
            token_lifetime: Duration::from_secs(86_400),
            refresh_lifetime: Duration::from_secs(2_592_000),
        }
    }

    /// A public client, which needs PKCE instead of its secret.
    pub fn public(id: impl Into<String>) -> Self {
        Self {
            is_public: true,
            ..Self::new(id)
        }
    }

    /// The name that the pages show. Default: its id.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The client secret. Default: 43 random characters.
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = secret.into();
        self
    }

    /// Adds a redirect URI. With one or more of them, all others are rejected.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Makes it a third-party client, which needs the user's consent. Default: first-party.
    pub fn third_party(mut self) -> Self {
        self.is_third_party = true;
        self
    }

    /// The tenant it belongs to, by its slug. Default: the default tenant.
    pub fn tenant(mut self, slug: impl Into<String>) -> Self {
        self.tenant = slug.into();
        self
    }

    /// Encrypts its ID tokens for [`FiefTestServer::encryption_key`]. Default: only signed.
    ///
    /// [`FiefTestServer::encryption_key`]: crate::FiefTestServer::encryption_key
    pub fn encrypted_id_tokens(mut self) -> Self {
        self.encrypts_id_tokens = true;
        self
    }

    /// How long an authorization code lives. Default: 10 minutes.
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.code_lifetime = lifetime;
        self
    }

    /// How long access and ID tokens live. Default: 24 hours.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// How long a refresh token lives. Default: 30 days.
    pub fn refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.refresh_lifetime = lifetime;
        self
    }

    /// Returns `true` if codes may be sent to this URI. Fief compares the strings.
    pub(crate) fn accepts_redirect_uri(&self, uri: &str) -> bool {
        if self.redirect_uris.is_empty() {
            return url::Url::parse(uri).is_ok();
        }
        self.redirect_uris.iter().any(|known| known == uri)
    }
}
