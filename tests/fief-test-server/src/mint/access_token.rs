use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Expiry, Key, TokenSettings, token_setters};
use crate::{Algorithm, shared::Shared};

/// Builder of an access token, by default a valid one.
///
/// Created by [`FiefTestServer::access_token`]. Use it to test an API without a login. The token
/// has the claims of Fief's, is signed by the tenant's key, and is accepted by the server's own
/// user API. Every part of it can be changed, to test what a client must reject.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
/// use fief_test_server::FiefTestServer;
///
/// let server = FiefTestServer::start().await;
/// let valid = server
///     .access_token()
///     .user("anne@example.com")
///     .scope("castles")
///     .permission("castles:create")
///     .acr("1")
///     .mint();
/// let short_lived = server
///     .access_token()
///     .expires_in(Duration::from_secs(60))
///     .mint();
/// let old_login = server
///     .access_token()
///     .authenticated_ago(Duration::from_secs(3600))
///     .mint();
/// let for_another_client = server.access_token().client("another").mint();
/// let without_subject = server.access_token().without_claim("sub").mint();
/// # }
/// ```
///
/// [`FiefTestServer::access_token`]: crate::FiefTestServer::access_token
#[derive(Clone, Debug)]
#[must_use = "no token is signed unless `mint` is called"]
pub struct AccessTokenBuilder {
    settings: TokenSettings,
    scope: Vec<String>,
}

impl AccessTokenBuilder {
    pub(crate) fn new(shared: Arc<Shared>, client_id: &str) -> Self {
        Self {
            settings: TokenSettings::new(shared, client_id),
            scope: vec!["openid".to_owned()],
        }
    }

    token_setters!();

    /// Adds a permission to those of the user, by its codename.
    pub fn permission(mut self, codename: impl Into<String>) -> Self {
        self.settings.user.permissions.push(codename.into());
        self
    }

    /// Replaces the permissions. Default: those of the user.
    pub fn permissions<P: Into<String>>(mut self, codenames: impl IntoIterator<Item = P>) -> Self {
        self.settings.user.permissions = codenames.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a scope. Default: `openid` only.
    ///
    /// For a token without `openid`, set the claim `scope` with [`claim`](Self::claim).
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        let scope = scope.into();
        if !self.scope.contains(&scope) {
            self.scope.push(scope);
        }
        self
    }

    /// Signs the token and returns it as a compact JWS.
    ///
    /// # Panics
    ///
    /// Panics if the tenant or the key does not exist.
    #[must_use]
    pub fn mint(self) -> String {
        let claims = self.settings.common_claims().access_token(&self.scope);
        self.settings.sign(claims)
    }
}
