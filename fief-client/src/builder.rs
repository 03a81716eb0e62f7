use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    ClientAuth, Fief, FiefError,
    access_token::{Audiences, TokenCache, Validator},
    client::Inner,
    clock::Clock,
    discovery::Discovery,
    fief,
    jose::jwe::DecryptionKey,
    keys::Keys,
    provider::Provider,
    transport::{Credentials, Http, Origin},
};

/// Sets up a [`Fief`]. Made by [`Fief::builder`].
#[must_use]
pub struct FiefBuilder {
    base_url: String,
    public_url: Option<String>,
    client_id: String,
    client_secret: Option<SecretString>,
    client_auth: ClientAuth,
    encryption_keys: Vec<SecretString>,
    issuer: Option<String>,
    audiences: Audiences,
    leeway: Duration,
    access_token_limit: usize,
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    host: Option<String>,
    insecure_http: bool,
    http: reqwest::ClientBuilder,
    cache_bytes: u64,
    cache_entries: usize,
}

impl Fief {
    /// Begins to set up a client of the Fief at `base_url` (with the tenant's path, where it has one).
    ///
    /// ```
    /// use fief_client::Fief;
    ///
    /// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").client_secret("SECRET").build()?;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn builder(base_url: impl Into<String>, client_id: impl Into<String>) -> FiefBuilder {
        FiefBuilder::new(base_url.into(), client_id.into())
    }
}

impl FiefBuilder {
    fn new(base_url: String, client_id: String) -> Self {
        Self {
            base_url,
            public_url: None,
            audiences: Audiences::Only(vec![client_id.clone()]),
            client_id,
            client_secret: None,
            client_auth: ClientAuth::Post,
            encryption_keys: Vec::new(),
            issuer: None,
            leeway: fief::LEEWAY,
            access_token_limit: 16 * 1024,
            clock: Box::new(SystemTime::now),
            host: None,
            insecure_http: false,
            http: reqwest::Client::builder(),
            cache_bytes: 32 * 1024 * 1024,
            cache_entries: 100_000,
        }
    }

    /// Sets the client's secret. Default: none, a public client, which logs in with PKCE alone.
    pub fn client_secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Sets how the client proves itself to the token endpoint. Default: [`ClientAuth::Post`].
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// Adds a private key that opens encrypted ID tokens: the JWK that Fief showed, as JSON. Default: none, ID tokens
    /// are signed only.
    ///
    /// With a key, ID tokens that are not encrypted are refused. Add the old and the new key while keys change.
    pub fn encryption_key(mut self, jwk: impl Into<SecretString>) -> Self {
        self.encryption_keys.push(jwk.into());
        self
    }

    /// Sets where browsers reach Fief, when that differs from where this server does (Docker, a proxy that ends
    /// TLS). Default: `base_url`.
    pub fn public_url(mut self, public_url: impl Into<String>) -> Self {
        self.public_url = Some(public_url.into());
        self
    }

    /// Sets the issuer that tokens must name, byte for byte. Default: the one that the first discovery document
    /// names. Fief's is always `https://{FIEF_DOMAIN}`, with the tenant's slug as path where it has one.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Accepts access tokens that were issued to other clients of the tenant as well, such as a single-page
    /// application that calls this API. Default: this client's only.
    pub fn audiences<C: Into<String>>(mut self, clients: impl IntoIterator<Item = C>) -> Self {
        let mut accepted = vec![self.client_id.clone()];
        accepted.extend(clients.into_iter().map(Into::into));
        self.audiences = Audiences::Only(accepted);
        self
    }

    /// Accepts access tokens of every client of the tenant.
    ///
    /// # Danger
    /// Any client that a user logs in to, a third party's too, can then act as that user here. Name the clients
    /// with [`audiences`](Self::audiences) instead.
    pub fn any_audience(mut self) -> Self {
        self.audiences = Audiences::Any;
        self
    }

    /// Sets by how much Fief's clock and this one may differ, in whole seconds up to 300. Default: 60 seconds,
    /// as Fief has it.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets how long an access token may be, in bytes up to 64 KiB. Default: 16 KiB, some 400 permissions.
    pub fn access_token_limit(mut self, bytes: usize) -> Self {
        self.access_token_limit = bytes;
        self
    }

    /// Sets the clock. Default: [`SystemTime::now`]. For tests.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Sets the `Host` header of requests to Fief. Default: the host of `base_url`.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Allows plain http to hosts that are not loopback.
    ///
    /// # Danger
    /// Whoever is on the way reads the client's secret and the users' tokens. Only inside of a trusted network.
    pub fn insecure_http(mut self) -> Self {
        self.insecure_http = true;
        self
    }

    /// Adjusts the HTTP client: proxy, root and client certificates, resolver.
    ///
    /// What this crate promises is set afterwards: no redirects, time-outs (2 s to connect, 5 s in all), a GET that got
    /// no answer is sent once more and nothing else is, no decompression, no log of what is sent, the connection pool.
    pub fn http_client(
        mut self,
        adjust: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Self {
        self.http = adjust(self.http);
        self
    }

    /// Bounds the cache of validated tokens. Default: 32 MiB and 100 000 entries. Zero of either switches it off.
    pub fn token_cache(mut self, bytes: u64, entries: usize) -> Self {
        self.cache_bytes = bytes;
        self.cache_entries = entries;
        self
    }

    /// Makes the client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`FiefError::Configuration`], which says what to change.
    pub fn build(self) -> Result<Fief, FiefError> {
        if self.client_id.is_empty() {
            return Err(FiefError::Configuration(
                "client_id: must not be empty".into(),
            ));
        }
        if self.issuer.as_ref().is_some_and(String::is_empty) {
            return Err(FiefError::Configuration("issuer: must not be empty".into()));
        }
        if self.leeway > MAX_LEEWAY {
            return Err(FiefError::Configuration(
                "leeway: at most 300 seconds".into(),
            ));
        }
        if self.access_token_limit > MAX_ACCESS_TOKEN {
            return Err(FiefError::Configuration(
                "access_token_limit: at most 64 KiB".into(),
            ));
        }
        let base = Origin::parse("base_url", &self.base_url, self.insecure_http)?;
        let public = match &self.public_url {
            Some(url) => Origin::parse("public_url", url, self.insecure_http)?,
            None => base.clone(),
        };
        if self.insecure_http && (base.is_http() || public.is_http()) {
            tracing::warn!("plain http to Fief: secrets and tokens can be read on the way");
        }
        let host = self.host.as_deref().map(host_header).transpose()?;
        let encryption_keys: Result<_, _> = self
            .encryption_keys
            .iter()
            .map(|jwk| DecryptionKey::parse(jwk.expose_secret()))
            .collect();
        let encryption_keys = encryption_keys
            .map_err(|why| FiefError::Configuration(format!("encryption_key: {why}")))?;
        let provider = Provider {
            http: Http::new(self.http, base.host(), host)?,
            base,
            public,
            clock: Clock::new(self.clock, self.leeway),
            discovery: Discovery::new(self.issuer),
            keys: Keys::new(),
        };
        let inner = Inner {
            validator: Validator {
                provider,
                audiences: self.audiences,
                limit: self.access_token_limit,
                cache: TokenCache::new(self.cache_bytes, self.cache_entries),
            },
            credentials: Credentials {
                id: self.client_id,
                secret: self.client_secret,
                method: self.client_auth,
            },
            encryption_keys,
        };
        Ok(Fief {
            inner: Arc::new(inner),
        })
    }
}

impl fmt::Debug for FiefBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefBuilder")
            .field("base_url", &self.base_url)
            .field("public_url", &self.public_url)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Parses a `Host` header from configuration.
fn host_header(host: &str) -> Result<HeaderValue, FiefError> {
    HeaderValue::from_str(host)
        .map_err(|_| FiefError::Configuration("host: not a valid Host header".into()))
}

const MAX_ACCESS_TOKEN: usize = 64 * 1024;
const MAX_LEEWAY: Duration = Duration::from_secs(300);
