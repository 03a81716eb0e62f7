use secrecy::{ExposeSecret, SecretString};

/// How a client with a secret proves itself to the token endpoint
/// ([RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// `client_secret_basic`: in the `Authorization` header. Fief takes the credentials raw, so they are not
    /// percent-encoded.
    Basic,
    /// `client_secret_post`: in the request's body.
    #[default]
    Post,
}

/// What a client proves itself with.
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Option<SecretString>,
    pub(crate) method: ClientAuth,
}

impl Credentials {
    /// Returns id and secret where they belong into the `Authorization` header.
    pub(crate) fn basic(&self) -> Option<(&str, &str)> {
        match self.method {
            ClientAuth::Basic => self.secret().map(|secret| (&*self.id, secret)),
            ClientAuth::Post => None,
        }
    }

    /// Returns the parameters of the body for where they do not. A public client has an id only.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let secret = self.secret().map(|secret| ("client_secret", secret));
        [("client_id", &*self.id)].into_iter().chain(secret)
    }

    fn secret(&self) -> Option<&str> {
        self.secret.as_ref().map(ExposeSecret::expose_secret)
    }
}
