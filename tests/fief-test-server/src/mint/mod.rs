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

/// What the builders of both kinds of token share.
#[derive(Clone, Debug)]
struct TokenSettings {
    shared: Arc<Shared>,
    client_id: String,
    tenant: String,
    user: User,
    acr: String,
    age: Duration,
    expiry: Expiry,
    claims: Vec<(String, Option<Value>)>,
    header: Vec<(String, Option<Value>)>,
    algorithm: Algorithm,
    key: Key,
}

#[derive(Clone, Copy, Debug)]
enum Expiry {
    In(Duration),
    Ago(Duration),
}

#[derive(Clone, Debug)]
enum Key {
    Current,
    Unpublished,
    Published(String),
}

/// The setters of both builders.
macro_rules! token_setters {
    () => {
        /// The user it is about. Default: the first one.
        ///
        /// # Panics
        ///
        /// Panics when there is no such user.
        pub fn user(mut self, email: impl Into<String>) -> Self {
            self.settings.set_user(&email.into());
            self
        }

        /// The client it is for, which is `aud` and `azp`. Default: the first one.
        pub fn client(mut self, id: impl Into<String>) -> Self {
            self.settings.client_id = id.into();
            self
        }

        /// The tenant that issues it, by its slug. Default: the default tenant.
        pub fn tenant(mut self, slug: impl Into<String>) -> Self {
            self.settings.tenant = slug.into();
            self
        }

        /// The ACR, `"0"` or `"1"`. Default: `"0"`.
        pub fn acr(mut self, acr: impl Into<String>) -> Self {
            self.settings.acr = acr.into();
            self
        }

        /// Sets how long ago the user logged in. Default: zero.
        pub fn authenticated_ago(mut self, ago: Duration) -> Self {
            self.settings.age = ago;
            self
        }

        /// Sets the time until the token expires. Default: 24 hours.
        pub fn expires_in(mut self, lifetime: Duration) -> Self {
            self.settings.expiry = Expiry::In(lifetime);
            self
        }

        /// Makes the token one that expired an hour ago.
        pub fn expired(self) -> Self {
            self.expired_ago(Duration::from_secs(3600))
        }

        /// Makes the token one that expired this long ago.
        pub fn expired_ago(mut self, ago: Duration) -> Self {
            self.settings.expiry = Expiry::Ago(ago);
            self
        }

        /// Replaces `aud`. `azp` stays the client.
        pub fn audience(self, audience: impl Into<String>) -> Self {
            self.claim("aud", json!([audience.into()]))
        }

        /// Sets or replaces a claim.
        pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
            self.settings.claims.push((name.into(), Some(value.into())));
            self
        }

        /// Leaves a claim out.
        pub fn without_claim(mut self, name: impl Into<String>) -> Self {
            self.settings.claims.push((name.into(), None));
            self
        }

        /// Sets or replaces a parameter of the header.
        pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
            self.settings.header.push((name.into(), Some(value.into())));
            self
        }

        /// Leaves a parameter of the header out.
        pub fn without_header(mut self, name: impl Into<String>) -> Self {
            self.settings.header.push((name.into(), None));
            self
        }

        /// The algorithm it is signed with, which is also `alg`. Default: RS256.
        pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
            self.settings.algorithm = algorithm;
            self
        }

        /// Signs with one of the published keys. Default: the current one.
        pub fn key(mut self, kid: impl Into<String>) -> Self {
            self.settings.key = Key::Published(kid.into());
            self
        }

        /// Signs with a key that was never published, under the `kid` of the current one.
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
            None => panic!("there is no user {email}"),
        };
    }

    fn common_claims(&self) -> Claims {
        let now = self.shared.clock.seconds();
        let (issued, expires) = match self.expiry {
            Expiry::In(lifetime) => (now, now.saturating_add(lifetime.as_secs())),
            Expiry::Ago(ago) => {
                let expires = now.saturating_sub(ago.as_secs());
                // A token is valid for a second at least.
                (expires.saturating_sub(1), expires)
            }
        };
        let state = self.shared.state();
        let Some(tenant_id) = state.tenant(&self.tenant).map(|tenant| tenant.id) else {
            panic!("there is no tenant {:?}", self.tenant);
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
                Err(error) => panic!("fief-test-server cannot make a key: {error}"),
            },
            Key::Published(kid) => {
                let found = self.find_key(|key| key.kid == *kid);
                match found {
                    Some(key) => key,
                    None => panic!("there is no key {kid}"),
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

/// Sets the members that have a value and removes the others, in order.
fn apply(object: &mut Map<String, Value>, changes: &[(String, Option<Value>)]) {
    for (name, value) in changes {
        match value {
            Some(value) => object.insert(name.clone(), value.clone()),
            None => object.remove(name),
        };
    }
}
