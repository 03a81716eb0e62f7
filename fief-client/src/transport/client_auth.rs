use secrecy::{ExposeSecret, SecretString};

/// Method by which a client with a secret authenticates to the token endpoint
/// ([RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
///
/// Fief accepts both. Choose with [`FiefBuilder::client_auth`](crate::FiefBuilder::client_auth).
///
/// ```
/// use fief_client::{ClientAuth, Fief};
///
/// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
///     .client_secret("SECRET")
///     .client_auth(ClientAuth::Basic)
///     .build()?;
/// # Ok::<(), fief_client::FiefError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// `client_secret_basic`: the `Authorization` header. Fief expects id and secret unencoded, so they are
    /// not percent-encoded.
    Basic,
    /// `client_secret_post`: parameters of the request's body.
    #[default]
    Post,
}

/// Credentials of the client.
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Option<SecretString>,
    pub(crate) method: ClientAuth,
}

impl Credentials {
    /// Returns id and secret if they belong in the `Authorization` header.
    pub(crate) fn basic(&self) -> Option<(&str, &str)> {
        match self.method {
            ClientAuth::Basic => self.secret().map(|secret| (&*self.id, secret)),
            ClientAuth::Post => None,
        }
    }

    /// Returns the parameters of the body, for other methods. A public client has only an id.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let secret = self.secret().map(|secret| ("client_secret", secret));
        [("client_id", &*self.id)].into_iter().chain(secret)
    }

    fn secret(&self) -> Option<&str> {
        self.secret.as_ref().map(ExposeSecret::expose_secret)
    }
}
