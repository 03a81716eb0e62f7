//! Clients: the applications that are registered at the server.

use std::time::Duration;

use crate::crypto::random_string;

/// Builder of a client, which is an application that is registered at the server.
///
/// Pass it to [`FiefTestServerBuilder::client`]. Lifetimes of codes and tokens are set here, as in
/// Fief, where they belong to the client.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use std::time::Duration;
/// use fief_test_server::{Client, FiefTestServer};
///
/// let client = Client::new("castles")
///     .name("Castles")
///     .secret("s3cret")
///     .redirect_uri("http://127.0.0.1:3000/auth-callback")
///     .token_lifetime(Duration::from_secs(300));
/// let server = FiefTestServer::builder().client(client).start().await?;
/// assert_eq!(server.client_secret(), "s3cret");
/// # Ok(())
/// # }
/// ```
///
/// [`FiefTestServerBuilder::client`]: crate::FiefTestServerBuilder::client
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
    /// Creates a confidential first-party client of the default tenant, with a random secret.
    ///
    /// As long as it has no [`redirect_uri`](Self::redirect_uri), it accepts any absolute one, so
    /// that a test does not have to know its application's port beforehand.
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

    /// Creates a public client, which uses PKCE instead of a secret.
    ///
    /// Use it for command-line and single-page applications. Its code exchange is rejected without
    /// a `code_verifier`, unless it sends its secret.
    ///
    /// ```
    /// use fief_test_server::Client;
    ///
    /// let client = Client::public("castles-cli").redirect_uri("http://localhost:51562/callback");
    /// ```
    pub fn public(id: impl Into<String>) -> Self {
        Self {
            is_public: true,
            ..Self::new(id)
        }
    }

    /// Sets the name that the pages show. Default: the id.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the client secret. Default: 43 random characters.
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = secret.into();
        self
    }

    /// Adds a redirect URI. Default: any absolute one is accepted.
    ///
    /// With one or more of them, all others are rejected. They are compared as strings, without a
    /// wildcard, and also without an exception for the ports of loopback addresses.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Makes it a third-party client, which requires the user's consent. Default: first-party.
    ///
    /// The consent page is shown at the first login of a user, and if a login requests more scopes
    /// than were granted. [`log_in`](crate::FiefTestServer::log_in) always grants them.
    pub fn third_party(mut self) -> Self {
        self.is_third_party = true;
        self
    }

    /// Sets the tenant that it belongs to, by its slug. Default: the default tenant.
    pub fn tenant(mut self, slug: impl Into<String>) -> Self {
        self.tenant = slug.into();
        self
    }

    /// Encrypts its ID tokens for [`FiefTestServer::encryption_key`]. Default: only signed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use fief_test_server::{Client, FiefTestServer};
    ///
    /// let client = Client::new("castles").encrypted_id_tokens();
    /// let server = FiefTestServer::builder().client(client).start().await?;
    /// let private_jwk = server.encryption_key();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`FiefTestServer::encryption_key`]: crate::FiefTestServer::encryption_key
    pub fn encrypted_id_tokens(mut self) -> Self {
        self.encrypts_id_tokens = true;
        self
    }

    /// Sets the lifetime of authorization codes. Default: 10 minutes.
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.code_lifetime = lifetime;
        self
    }

    /// Sets the lifetime of access and ID tokens. Default: 24 hours.
    ///
    /// Minted tokens ignore it; see [`expires_in`](crate::AccessTokenBuilder::expires_in).
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Sets the lifetime of refresh tokens. Default: 30 days.
    ///
    /// Each refresh returns a new one, with the full lifetime.
    pub fn refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.refresh_lifetime = lifetime;
        self
    }

    /// Returns `true` if codes may be sent to this URI.
    pub(crate) fn accepts_redirect_uri(&self, uri: &str) -> bool {
        if self.redirect_uris.is_empty() {
            return url::Url::parse(uri).is_ok();
        }
        self.redirect_uris.iter().any(|known| known == uri)
    }
}
