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
