use std::{sync::Arc, time::Duration};

use aws_lc_rs::error::Unspecified;
use serde_json::{Map, Value, json};

use crate::{
    Algorithm, User,
    claims::{Bindings, Claims, object},
    jwe,
    keys::SigningKey,
    server::Shared,
};

/// What both kinds of minted token share: whom it is about, and what is made wrong in it.
#[derive(Clone, Debug)]
struct Mint {
    fief: Arc<Shared>,
    client_id: String,
    tenant: String,
    user: User,
    acr: String,
    age: Duration,
    expires_in: i64,
    claims: Vec<(String, Option<Value>)>,
    header: Vec<(String, Option<Value>)>,
    algorithm: Algorithm,
    key: Key,
}

#[derive(Clone, Debug)]
enum Key {
    Current,
    Foreign,
    Published(String),
}

/// An access token to be, by default one that is good.
///
/// ```
/// # #[tokio::main]
/// # async fn main() {
/// use fief_test_server::FiefTestServer;
///
/// let server = FiefTestServer::start().await;
/// let good = server.access_token().permission("castles:create").mint();
/// let expired = server.access_token().expires_in(-3600).mint();
/// let nobodys = server.access_token().without("sub").mint();
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct MintAccessToken {
    mint: Mint,
    scope: Vec<String>,
}

/// An ID token to be, by default one that is good, without `nonce`, `c_hash` and `at_hash`.
#[derive(Clone, Debug)]
#[must_use]
pub struct MintIdToken {
    mint: Mint,
    nonce: Option<String>,
    code: Option<String>,
    access_token: Option<String>,
    is_encrypted: bool,
}

macro_rules! mint_setters {
    () => {
        /// Makes it about another user.
        ///
        /// # Panics
        ///
        /// Panics when there is no such user.
        pub fn user(mut self, email: &str) -> Self {
            self.mint.set_user(email);
            self
        }

        /// The client it is for, which is `aud` and `azp`. Default: the first one.
        pub fn client(mut self, id: impl Into<String>) -> Self {
            self.mint.client_id = id.into();
            self
        }

        /// The tenant that issues it, by its slug. Default: the default tenant.
        pub fn tenant(mut self, slug: impl Into<String>) -> Self {
            self.mint.tenant = slug.into();
            self
        }

        /// The ACR, `"0"` or `"1"`. Default: `"0"`.
        pub fn acr(mut self, acr: impl Into<String>) -> Self {
            self.mint.acr = acr.into();
            self
        }

        /// How long ago the user logged in. Default: now.
        pub fn authenticated(mut self, ago: Duration) -> Self {
            self.mint.age = ago;
            self
        }

        /// In how many seconds it expires; below zero, it has. Default: 24 hours.
        pub fn expires_in(mut self, seconds: i64) -> Self {
            self.mint.expires_in = seconds;
            self
        }

        /// Makes `aud` another one, alone. `azp` stays the client.
        pub fn audience(self, audience: impl Into<String>) -> Self {
            self.claim("aud", json!([audience.into()]))
        }

        /// Sets a claim, whatever it would be.
        pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
            self.mint.claims.push((name.into(), Some(value.into())));
            self
        }

        /// Leaves a claim out.
        pub fn without(mut self, name: impl Into<String>) -> Self {
            self.mint.claims.push((name.into(), None));
            self
        }

        /// Sets a parameter of the header, whatever it would be.
        pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
            self.mint.header.push((name.into(), Some(value.into())));
            self
        }

        /// Leaves a parameter of the header out.
        pub fn without_header(mut self, name: impl Into<String>) -> Self {
            self.mint.header.push((name.into(), None));
            self
        }

        /// How it is signed, and says that it is. Default: RS256.
        pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
            self.mint.algorithm = algorithm;
            self
        }

        /// Signs with one of the published keys. Default: the one that signs.
        pub fn key(mut self, kid: impl Into<String>) -> Self {
            self.mint.key = Key::Published(kid.into());
            self
        }

        /// Signs with a key that was never published, under the `kid` of the one that is.
        pub fn foreign_key(mut self) -> Self {
            self.mint.key = Key::Foreign;
            self
        }
    };
}

impl MintAccessToken {
    pub(crate) fn new(fief: Arc<Shared>, client_id: &str) -> Self {
        Self {
            mint: Mint::new(fief, client_id),
            scope: vec!["openid".to_owned()],
        }
    }

    mint_setters!();

    /// Adds a permission to those the user has.
    pub fn permission(mut self, codename: impl Into<String>) -> Self {
        self.mint.user.permissions.push(codename.into());
        self
    }

    /// Replaces the permissions. Default: those the user has.
    pub fn permissions<P: Into<String>>(mut self, codenames: impl IntoIterator<Item = P>) -> Self {
        self.mint.user.permissions = codenames.into_iter().map(Into::into).collect();
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

    /// Writes and signs it.
    ///
    /// # Panics
    ///
    /// Panics when the tenant or key it names is not there, or the machine cannot sign.
    #[must_use]
    pub fn mint(self) -> String {
        let claims = self.mint.common().access_token(&self.scope);
        self.mint.sign(claims)
    }
}

impl MintIdToken {
    pub(crate) fn new(fief: Arc<Shared>, client_id: &str) -> Self {
        Self {
            mint: Mint::new(fief, client_id),
            nonce: None,
            code: None,
            access_token: None,
            is_encrypted: false,
        }
    }

    mint_setters!();

    /// The nonce of the login.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// The code it comes for, which gives `c_hash`.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The access token it comes with, which gives `at_hash`.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// Encrypts it for [`FiefTestServer::encryption_key`].
    ///
    /// [`FiefTestServer::encryption_key`]: crate::FiefTestServer::encryption_key
    pub fn encrypted(mut self) -> Self {
        self.is_encrypted = true;
        self
    }

    /// Writes, signs and, where asked for, encrypts it.
    ///
    /// # Panics
    ///
    /// Panics when the tenant or key it names is not there, or the machine cannot sign.
    #[must_use]
    pub fn mint(self) -> String {
        let claims = self.mint.common().id_token(Bindings {
            nonce: self.nonce.as_deref(),
            code: self.code.as_deref(),
            access_token: self.access_token.as_deref(),
        });
        let token = self.mint.sign(claims);
        if !self.is_encrypted {
            return token;
        }
        let pair = jwe::key_pair().map_err(|_| Unspecified);
        match pair.and_then(|pair| jwe::encrypt(&pair, &token)) {
            Ok(token) => token,
            Err(Unspecified) => panic!("fief-test-server cannot encrypt"),
        }
    }
}

impl Mint {
    fn new(fief: Arc<Shared>, client_id: &str) -> Self {
        let user = fief.state().users.first().cloned();
        Self {
            fief,
            client_id: client_id.to_owned(),
            tenant: String::new(),
            user: user.unwrap_or_else(|| User::new("nobody@example.com", "")),
            acr: "0".to_owned(),
            age: Duration::ZERO,
            expires_in: 86_400,
            claims: Vec::new(),
            header: Vec::new(),
            algorithm: Algorithm::default(),
            key: Key::Current,
        }
    }

    fn set_user(&mut self, email: &str) {
        let state = self.fief.state();
        let user = state.users.iter().find(|user| user.email == email);
        let Some(user) = user.cloned() else {
            panic!("there is no user {email}");
        };
        drop(state);
        self.user = user;
    }

    fn common(&self) -> Claims {
        let now = self.fief.clock.seconds();
        let expires = now.saturating_add_signed(self.expires_in);
        // A token that has expired was issued before it did.
        let issued = now.min(expires.saturating_sub(u64::from(self.expires_in < 0)));
        let state = self.fief.state();
        let Some(tenant_id) = state.tenant(&self.tenant).map(|tenant| tenant.id) else {
            panic!("there is no tenant {:?}", self.tenant);
        };
        drop(state);
        Claims {
            issuer: self.fief.issuer(&self.tenant),
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
            Key::Foreign => self.current_key().kid,
            _ => key.kid.clone(),
        };
        let mut header = object([("alg", json!(self.algorithm.name())), ("kid", json!(kid))]);
        change(&mut claims, &self.claims);
        change(&mut header, &self.header);
        match key.pair.sign(&header, &claims, &self.algorithm) {
            Ok(token) => token,
            Err(Unspecified) => panic!("fief-test-server cannot sign"),
        }
    }

    fn key(&self) -> SigningKey {
        match &self.key {
            Key::Current => self.current_key(),
            Key::Foreign => match SigningKey::new(2048, usize::MAX - 1) {
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

    /// The newest key of the tenant that is so.
    fn find_key(&self, is_so: impl Fn(&SigningKey) -> bool) -> Option<SigningKey> {
        let state = self.fief.state();
        let tenant = state.tenant(&self.tenant)?;
        tenant.keys.iter().rev().find(|key| is_so(key)).cloned()
    }
}

/// Sets what has a value and leaves out what has none, in turn.
fn change(object: &mut Map<String, Value>, changes: &[(String, Option<Value>)]) {
    for (name, value) in changes {
        match value {
            Some(value) => object.insert(name.clone(), value.clone()),
            None => object.remove(name),
        };
    }
}
