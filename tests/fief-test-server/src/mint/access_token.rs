use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Expiry, Key, TokenSettings, token_setters};
use crate::{Algorithm, shared::Shared};

/// Builder of an access token, by default a valid one.
///
/// ```
/// # #[tokio::main]
/// # async fn main() {
/// use fief_test_server::FiefTestServer;
///
/// let server = FiefTestServer::start().await;
/// let good = server.access_token().permission("castles:create").mint();
/// let expired = server.access_token().expired().mint();
/// let without_subject = server.access_token().without_claim("sub").mint();
/// # }
/// ```
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

    /// Adds a permission to those the user has.
    pub fn permission(mut self, codename: impl Into<String>) -> Self {
        self.settings.user.permissions.push(codename.into());
        self
    }

    /// Replaces the permissions. Default: those the user has.
    pub fn permissions<P: Into<String>>(mut self, codenames: impl IntoIterator<Item = P>) -> Self {
        self.settings.user.permissions = codenames.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a scope to `openid`.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        let scope = scope.into();
        if !self.scope.contains(&scope) {
            self.scope.push(scope);
        }
        self
    }

    /// Signs it.
    ///
    /// # Panics
    ///
    /// Panics when the tenant or key it names is not there, or the machine cannot sign.
    #[must_use]
    pub fn mint(self) -> String {
        let claims = self.settings.common_claims().access_token(&self.scope);
        self.settings.sign(claims)
    }
}
