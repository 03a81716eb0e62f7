use crate::{FiefAuthBuilder, FoundToken, TokenRequest};

/// Settings of where access tokens come from, in addition to cookies.
///
/// A request has one explicit token at most: in the `Authorization` header, in a WebSocket sub-protocol, or from a
/// [`token_source`](FiefAuthBuilder::token_source). One with two is rejected with 400. An explicit token takes precedence
/// over the session and cookies, and if it is invalid, they are not tried.
impl FiefAuthBuilder {
    /// Sets the scheme of the `Authorization` header that access tokens are sent with. Default: `Bearer`.
    ///
    /// It replaces `Bearer`, also in `WWW-Authenticate` and in OpenAPI documents. Its case does not matter. It must not be
    /// `Basic`, `Digest`, `Negotiate` or `NTLM`, since browsers send these automatically, and such requests would not be
    /// protected against CSRF.
    ///
    /// ```
    /// # use fief_axum::FiefAuth;
    /// # use fief_client::Fief;
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// // Authorization: Token eyJhbGciOi...
    /// let auth = FiefAuth::builder(fief).authorization_scheme("Token").build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    #[doc(alias = "authorizationSchemeGetter")]
    #[doc(alias = "get_authorization_scheme_token")]
    pub fn authorization_scheme(mut self, scheme: impl Into<String>) -> Self {
        self.sources.scheme = Some(scheme.into());
        self
    }

    /// Adds a function that finds access tokens in requests. Call it once for each source. Default: tokens come from the
    /// `Authorization` header, and from cookies if they are enabled.
    ///
    /// `find` is called for each request that is authenticated, and once more by each further guard: it must find the same
    /// again, without side effects, and must not block. It returns `None` if there is
    /// nothing. What it finds is validated like any other token, and an invalid one is rejected. If it panics, the request
    /// is rejected with 500.
    ///
    /// A [`FoundToken::new`] counts like a cookie, and a [`FoundToken::explicit`] like a bearer token. Responses have
    /// `Vary: *`, since they may depend on any part of the request.
    ///
    /// ```
    /// use fief_axum::{FiefAuth, FoundToken};
    /// # use fief_client::Fief;
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = FiefAuth::builder(fief)
    ///     // Browsers do not add this header on their own.
    ///     .token_source(|request| {
    ///         let token = request.headers().get("x-access-token")?;
    ///         Some(token.to_str().map_or_else(|_| FoundToken::malformed(), FoundToken::explicit))
    ///     })
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    ///
    /// # Danger
    ///
    /// URLs end up in logs, in the history and in `Referer` headers: do not take tokens from the query if there is another
    /// way.
    #[doc(alias = "tokenGetter")]
    pub fn token_source<F>(mut self, find: F) -> Self
    where
        F: Fn(TokenRequest<'_>) -> Option<FoundToken> + Send + Sync + 'static,
    {
        self.sources.functions.push(Box::new(find));
        self
    }

    /// Also accepts an access token in a WebSocket sub-protocol that begins with `prefix`. Default: no sub-protocol is
    /// read.
    ///
    /// Scripts in browsers cannot set the headers of a WebSocket, but its sub-protocols. The token is one of them, after
    /// the prefix, next to a protocol that the handler selects: browsers close a WebSocket whose server selects none. A
    /// handler that selects the one with the token is a mistake, and its choice is not sent.
    ///
    /// ```
    /// use axum::{extract::ws::{WebSocket, WebSocketUpgrade}, response::Response};
    /// use fief_axum::{CurrentSession, FiefAuth};
    /// # use fief_client::Fief;
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// // In the browser:
    /// // new WebSocket("wss://api.example.com/news", ["news", `access-token.${token}`])
    /// let auth = FiefAuth::builder(fief).websocket_token_prefix("access-token.").build()?;
    /// # let _ = auth;
    ///
    /// async fn news(session: CurrentSession, upgrade: WebSocketUpgrade) -> Response {
    ///     upgrade.protocols(["news"]).on_upgrade(|mut socket| async move {
    ///         tokio::select! {
    ///             () = session.ended() => {}
    ///             () = send_news(&mut socket) => {}
    ///         }
    ///     })
    /// }
    /// # async fn send_news(_: &mut WebSocket) {}
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    #[doc(alias = "Sec-WebSocket-Protocol")]
    #[doc(alias = "websocket")]
    pub fn websocket_token_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.sources.websocket = Some(prefix.into());
        self
    }
}
