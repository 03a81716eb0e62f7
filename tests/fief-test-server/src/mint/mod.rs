//! Tokens that are minted without a login.

mod access_token;
mod id_token;

use std::{sync::Arc, time::Duration};

use aws_lc_rs::error::Unspecified;
use serde_json::{Map, Value, json};

pub use self::{access_token::AccessTokenBuilder, id_token::IdTokenBuilder};
use crate::{
    Algorithm, User,
    claims::{Claims, object},
    keys::SigningKey,
    shared::Shared,
};

/// Settings that both token builders share.
#[derive(Clone, Debug)]
struct TokenSettings {
    shared: Arc<Shared>,
    client_id: String,
    tenant: String,
    user: User,
    acr: String,
    /// How long ago the user logged in.
    age: Duration,
    expiry: Expiry,
    /// Changes of claims and of the header: a new value, or `None` to remove it.
    claims: Vec<(String, Option<Value>)>,
    header: Vec<(String, Option<Value>)>,
    algorithm: Algorithm,
    key: Key,
}

/// Expiry of a token, relative to now.
#[derive(Clone, Copy, Debug)]
enum Expiry {
    In(Duration),
    Ago(Duration),
}

/// Key that signs a token.
#[derive(Clone, Debug)]
enum Key {
    Current,
    /// The key with this `kid`.
    Published(String),
    Unpublished,
}

/// The setters of both builders. A macro, so that each documents them as its own methods.
macro_rules! token_setters {
    () => {
        /// Sets the user that the token is about. Default: the first one.
        ///
        /// `sub` is the user's id. Permissions and fields are the current ones of the user; they
        /// replace permissions that were set before.
        ///
        /// # Panics
        ///
        /// Panics if there is no such user.
        pub fn user(mut self, email: impl Into<String>) -> Self {
            self.settings.set_user(&email.into());
            self
        }

        /// Sets the client that the token is for, which is `aud` and `azp`. Default: the first one.
        ///
        /// The client does not have to exist, so this also makes a token for another application.
        pub fn client(mut self, id: impl Into<String>) -> Self {
            self.settings.client_id = id.into();
            self
        }

        /// Sets the tenant that issues and signs the token, by its slug. Default: the default
        /// tenant.
        ///
        /// The user and the client stay the same, so set them too.
        pub fn tenant(mut self, slug: impl Into<String>) -> Self {
            self.settings.tenant = slug.into();
            self
        }

        /// Sets `acr`, which is `"0"` or `"1"` in Fief. Default: `"0"`.
        ///
        /// `"1"` means that the user went through the login page. It is a string, so that a test
        /// can also set an invalid level.
        pub fn acr(mut self, acr: impl Into<String>) -> Self {
            self.settings.acr = acr.into();
            self
        }

        /// Sets how long ago the user logged in, which gives `auth_time`. Default: zero.
        ///
        /// For a certain `auth_time`, use [`claim`](Self::claim).
        pub fn authenticated_ago(mut self, ago: Duration) -> Self {
            self.settings.age = ago;
            self
        }

        /// Sets the time until the token expires, which gives `exp`. Default: 24 hours.
        pub fn expires_in(mut self, lifetime: Duration) -> Self {
            self.settings.expiry = Expiry::In(lifetime);
            self
        }

        /// Makes the token expired, since an hour. See [`expired_ago`](Self::expired_ago).
        pub fn expired(self) -> Self {
            self.expired_ago(Duration::from_secs(3600))
        }

        /// Sets how long ago the token expired. It was issued a second before.
        ///
        /// Clients accept tokens for some time after they expired, to allow for differences between
        /// clocks; Fief does so for a minute. Use this to test where a client draws the line, and
        /// [`expired`](Self::expired) for a token that is clearly expired.
        ///
        /// ```
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() {
        /// use std::time::Duration;
        /// use fief_test_server::FiefTestServer;
        ///
        /// let server = FiefTestServer::start().await;
        /// let expired = server.access_token().expired().mint();
        /// let barely_expired = server
        ///     .access_token()
        ///     .expired_ago(Duration::from_secs(61))
        ///     .mint();
        /// # }
        /// ```
        pub fn expired_ago(mut self, ago: Duration) -> Self {
            self.settings.expiry = Expiry::Ago(ago);
            self
        }

        /// Replaces `aud`. `azp` stays the client.
        ///
        /// Fief's `aud` is an array of one client id, and so is this one. For other values, use
        /// [`claim`](Self::claim).
        pub fn audience(self, audience: impl Into<String>) -> Self {
            self.claim("aud", json!([audience.into()]))
        }

        /// Adds or replaces a claim, with any value, valid or not.
        ///
        /// Changes of claims are applied last and in order, so they override all other settings.
        ///
        /// ```
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() {
        /// use fief_test_server::FiefTestServer;
        /// use serde_json::json;
        ///
        /// let server = FiefTestServer::start().await;
        /// let token = server
        ///     .access_token()
        ///     .claim("iss", "https://evil.example")
        ///     .claim("exp", json!("soon"))
        ///     .without_claim("sub")
        ///     .mint();
        /// # }
        /// ```
        pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
            self.settings.claims.push((name.into(), Some(value.into())));
            self
        }

        /// Removes a claim.
        pub fn without_claim(mut self, name: impl Into<String>) -> Self {
            self.settings.claims.push((name.into(), None));
            self
        }

        /// Adds or replaces a parameter of the header, with any value, valid or not.
        ///
        /// It does not change how the token is signed; [`algorithm`](Self::algorithm) and
        /// [`key`](Self::key) do.
        ///
        /// ```
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() {
        /// use fief_test_server::FiefTestServer;
        ///
        /// let server = FiefTestServer::start().await;
        /// let token = server
        ///     .access_token()
        ///     .header("jku", "https://evil.example/jwks.json")
        ///     .without_header("kid")
        ///     .mint();
        /// # }
        /// ```
        pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
            self.settings.header.push((name.into(), Some(value.into())));
            self
        }

        /// Removes a parameter of the header.
        pub fn without_header(mut self, name: impl Into<String>) -> Self {
            self.settings.header.push((name.into(), None));
            self
        }

        /// Sets the algorithm that the token is signed with, and `alg`. Default: RS256.
        ///
        /// Fief signs with RS256 only, so clients should reject all others.
        ///
        /// ```
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() {
        /// use fief_test_server::{Algorithm, FiefTestServer};
        ///
        /// let server = FiefTestServer::start().await;
        /// let unsigned = server.access_token().algorithm(Algorithm::None).mint();
        /// assert!(unsigned.ends_with('.'));
        /// # }
        /// ```
        pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
            self.settings.algorithm = algorithm;
            self
        }

        /// Sets the published key that signs the token, by its id. Default: the current one.
        ///
        /// [`mint`](Self::mint) panics if the tenant has no such key.
        pub fn key(mut self, kid: impl Into<String>) -> Self {
            self.settings.key = Key::Published(kid.into());
            self
        }

        /// Signs the token with a key that is never published, but with the `kid` of the current
        /// one.
        ///
        /// The signature of such a token is invalid. For a token with an unknown `kid`, set it with
        /// [`header`](Self::header).
        pub fn unpublished_key(mut self) -> Self {
            self.settings.key = Key::Unpublished;
            self
        }
    };
}
use token_setters;

impl TokenSettings {
    fn new(shared: Arc<Shared>, client_id: &str) -> Self {
        let user = shared.state().users.first().cloned();
        Self {
            shared,
            client_id: client_id.to_owned(),
            tenant: String::new(),
            user: user.unwrap_or_else(|| User::new("nobody@example.com", "")),
            acr: "0".to_owned(),
            age: Duration::ZERO,
            expiry: Expiry::In(Duration::from_secs(86_400)),
            claims: Vec::new(),
            header: Vec::new(),
            algorithm: Algorithm::default(),
            key: Key::Current,
        }
    }

    fn set_user(&mut self, email: &str) {
        let user = self.shared.state().user_of_any_tenant(email).cloned();
        self.user = match user {
            Some(user) => user,
            None => panic!("unknown user {email}"),
        };
    }

    /// # Panics
    ///
    /// Panics if there is no such tenant.
    fn common_claims(&self) -> Claims {
        let now = self.shared.clock.seconds();
        let (issued, expires) = match self.expiry {
            Expiry::In(lifetime) => (now, now.saturating_add(lifetime.as_secs())),
            Expiry::Ago(ago) => {
                let expires = now.saturating_sub(ago.as_secs());
                // A token is issued before it expires.
                (expires.saturating_sub(1), expires)
            }
        };
        let state = self.shared.state();
        let Some(tenant_id) = state.tenant(&self.tenant).map(|tenant| tenant.id) else {
            panic!("unknown tenant {:?}", self.tenant);
        };
        drop(state);
        Claims {
            issuer: self.shared.issuer(&self.tenant),
            client_id: self.client_id.clone(),
            user: self.user.clone(),
            tenant_id,
            acr: self.acr.clone(),
            auth_time: issued.saturating_sub(self.age.as_secs()),
            issued,
            expires,
        }
    }

    /// Applies the changes and signs the token.
    ///
    /// # Panics
    ///
    /// Panics if there is no such key.
    fn sign(&self, mut claims: Map<String, Value>) -> String {
        let key = self.key();
        let kid = match self.key {
            Key::Unpublished => self.current_key().kid,
            _ => key.kid.clone(),
        };
        let mut header = object([("alg", json!(self.algorithm.name())), ("kid", json!(kid))]);
        apply(&mut claims, &self.claims);
        apply(&mut header, &self.header);
        match key.pair.sign(&header, &claims, &self.algorithm) {
            Ok(token) => token,
            Err(Unspecified) => panic!("fief-test-server cannot sign"),
        }
    }

    fn key(&self) -> SigningKey {
        match &self.key {
            Key::Current => self.current_key(),
            Key::Unpublished => match SigningKey::new(2048, usize::MAX - 1) {
                Ok(key) => key,
                Err(error) => panic!("fief-test-server cannot generate a key: {error}"),
            },
            Key::Published(kid) => {
                let found = self.find_key(|key| key.kid == *kid);
                match found {
                    Some(key) => key,
                    None => panic!("unknown key {kid}"),
                }
            }
        }
    }

    fn current_key(&self) -> SigningKey {
        match self.find_key(|_| true) {
            Some(key) => key,
            None => panic!("the tenant has no key"),
        }
    }

    /// Returns the newest key of the tenant that matches.
    fn find_key(&self, predicate: impl Fn(&SigningKey) -> bool) -> Option<SigningKey> {
        let state = self.shared.state();
        let tenant = state.tenant(&self.tenant)?;
        tenant.keys.iter().rev().find(|key| predicate(key)).cloned()
    }
}

/// Applies changes in order: sets a member to its value, or removes it if there is `None`.
fn apply(object: &mut Map<String, Value>, changes: &[(String, Option<Value>)]) {
    for (name, value) in changes {
        match value {
            Some(value) => object.insert(name.clone(), value.clone()),
            None => object.remove(name),
        };
    }
}
