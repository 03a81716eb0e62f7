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
    transport::{Credentials, Http, LogLimits, Origin, Timeouts, http_builder},
};

/// Builder of a [`Fief`], made by [`Fief::builder`].
///
/// Only the URL and the client's id are required. The defaults are the safest ones.
///
/// ```
/// use fief_client::Fief;
///
/// // A server that reaches Fief inside of a Docker network, while browsers reach it from
/// // outside. It also accepts the access tokens of a single-page application.
/// let fief = Fief::builder("http://fief:8000", "CLIENT_ID")
///     .client_secret("SECRET")
///     .public_url("https://fief.example.com")
///     .insecure_http()
///     .audiences(["SPA_CLIENT_ID"])
///     .build()?;
/// # Ok::<(), fief_client::FiefError>(())
/// ```
#[must_use = "a builder does nothing until build() is called"]
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
    connect_timeout: Option<Duration>,
    timeout: Duration,
    cache_bytes: u64,
    cache_entries: usize,
}

impl Fief {
    /// Returns a builder of a client of the Fief at `base_url`.
    ///
    /// `base_url` is where this program reaches Fief: an `https://` URL, or an `http://` one of this machine
    /// (others need [`insecure_http`](FiefBuilder::insecure_http)). Of a tenant other than the default one it
    /// includes the tenant's path (`https://fief.example.com/bretagne`). `client_id` is the id of the client
    /// that Fief's administration shows.
    ///
    /// ```
    /// use fief_client::Fief;
    ///
    /// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
    ///     .client_secret("SECRET")
    ///     .build()?;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    #[doc(alias("FiefAsync", "baseURL"))]
    pub fn builder(base_url: impl Into<String>, client_id: impl Into<String>) -> FiefBuilder {
        FiefBuilder::new(base_url.into(), client_id.into())
    }
}

impl FiefBuilder {
    fn new(base_url: String, client_id: String) -> Self {
        Self {
            http: http_builder(&base_url),
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
            connect_timeout: None,
            timeout: Timeouts::default().total,
            cache_bytes: 32 * 1024 * 1024,
            cache_entries: 100_000,
        }
    }

    /// Sets the client's secret, of a confidential client. Default: no secret, for a public client,
    /// which logs in with PKCE alone ([RFC 6749, section 2.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.1)).
    pub fn client_secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Sets how a client with a secret authenticates to the token endpoint. Default: [`ClientAuth::Post`].
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// Adds a private key that decrypts ID tokens: the JWK that Fief's administration showed when encryption
    /// was turned on, as JSON. Default: no key, for ID tokens that are only signed.
    ///
    /// With a key, ID tokens that are not encrypted are rejected. Repeated calls add keys: to change the key,
    /// add the new one beside the old one first.
    ///
    /// ```no_run
    /// use fief_client::Fief;
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
    ///     .client_secret(std::env::var("FIEF_CLIENT_SECRET")?)
    ///     .encryption_key(std::env::var("FIEF_ENCRYPTION_KEY")?)
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn encryption_key(mut self, jwk: impl Into<SecretString>) -> Self {
        self.encryption_keys.push(jwk.into());
        self
    }

    /// Sets the URL at which browsers reach Fief, if that differs from where this program does: in Docker, or
    /// behind a proxy that terminates TLS. Default: `base_url`.
    ///
    /// The login and logout URLs begin with it. It must be an `https://` URL, or an `http://` one of this
    /// machine.
    pub fn public_url(mut self, public_url: impl Into<String>) -> Self {
        self.public_url = Some(public_url.into());
        self
    }

    /// Sets the issuer that tokens must name, byte for byte. Default: the one that the first discovery
    /// document names.
    ///
    /// Fief's issuer is `https://{FIEF_DOMAIN}`, followed by the path of a tenant other than the
    /// default one. It does not depend on `base_url`.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Also accepts access tokens that Fief issued to these other clients of the tenant, given by their ids.
    /// Default: only those of this client.
    ///
    /// Use it for an API that a single-page application or another service calls with its own tokens. Repeated
    /// calls replace the list.
    ///
    /// ```
    /// use fief_client::Fief;
    ///
    /// let api = Fief::builder("https://fief.example.com", "API_CLIENT_ID")
    ///     .audiences(["SPA_CLIENT_ID", "MOBILE_CLIENT_ID"])
    ///     .build()?;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn audiences<C: Into<String>>(mut self, clients: impl IntoIterator<Item = C>) -> Self {
        let mut accepted = vec![self.client_id.clone()];
        accepted.extend(clients.into_iter().map(Into::into));
        self.audiences = Audiences::Only(accepted);
        self
    }

    /// Accepts access tokens of all clients of the tenant. Default: only those of this client.
    ///
    /// # Danger
    /// Any client that a user logs in to, including those of third parties, can then act as that user here.
    /// Prefer to name the clients with [`audiences`](Self::audiences).
    pub fn any_audience(mut self) -> Self {
        self.audiences = Audiences::Any;
        self
    }

    /// Sets by how much Fief's clock and this one may differ, in whole seconds. Default: 60 seconds, as Fief
    /// has it. At most 300 seconds.
    ///
    /// Tokens are accepted for that much longer than they are valid, and logins for that much longer than the
    /// [`max_age`](crate::Requirements::max_age) of a route.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets the maximum length of an access token in bytes; longer ones are rejected before they are parsed.
    /// Default: 16 KiB, enough for some 400 permissions. At most 64 KiB.
    pub fn access_token_limit(mut self, bytes: usize) -> Self {
        self.access_token_limit = bytes;
        self
    }

    /// Sets the clock. Default: [`SystemTime::now`].
    ///
    /// For tests, which set the time instead of waiting:
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use fief_client::Fief;
    ///
    /// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
    ///     .clock(|| UNIX_EPOCH + Duration::from_secs(1_700_000_000))
    ///     .build()?;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Sets the `Host` header of requests to Fief. Default: the host and port of `base_url`.
    ///
    /// For a Fief behind a proxy that chooses the site, or the tenant, by this header.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Allows plain http to other machines, for `base_url` and `public_url`. Default: only to this one.
    /// [`build`](Self::build) logs a warning if it is used.
    ///
    /// # Danger
    /// The client's secret and the users' tokens can be read and changed on the way. Only use it inside of a
    /// trusted network.
    pub fn insecure_http(mut self) -> Self {
        self.insecure_http = true;
        self
    }

    /// Sets how long connecting to Fief may take. Default: 2 seconds. At most the [`timeout`](Self::timeout) of the
    /// whole request.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Sets how long a request to Fief may take in total, with connecting and the response's body. Default:
    /// 5 seconds. At least 1 second, at most 60 seconds.
    ///
    /// Raise it for a Fief that is slow to respond: a login whose code was exchanged too slowly has to begin again.
    /// Users wait for that long while Fief hangs.
    ///
    /// ```
    /// use std::time::Duration;
    /// use fief_client::Fief;
    ///
    /// let slow = Fief::builder("https://fief.example.com", "CLIENT_ID")
    ///     .timeout(Duration::from_secs(20))
    ///     .build()?;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Adjusts the HTTP client: proxies, root and client certificates, the resolver. Default: reqwest's.
    ///
    /// The type is that of the re-exported [`reqwest`](crate::reqwest). What this crate relies on is set
    /// afterwards and cannot be changed: no redirects, the timeouts (set them by
    /// [`connect_timeout`](Self::connect_timeout) and [`timeout`](Self::timeout)), one
    /// retry of a GET without a response and no other retries, no decompression, no log of bodies, and the
    /// size of the connection pool.
    ///
    /// With an `http://` `base_url`, proxies of the environment (`HTTP_PROXY`, `ALL_PROXY`) are not used, since they
    /// would receive the client's secret in clear, and the system's certificates are not loaded. A proxy that is
    /// set here is used.
    ///
    /// ```no_run
    /// use fief_client::{Fief, reqwest::Certificate};
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let authority = Certificate::from_pem(&std::fs::read("authority.pem")?)?;
    /// let fief = Fief::builder("https://fief.internal", "CLIENT_ID")
    ///     .http_client(|http| http.tls_certs_merge([authority]))
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn http_client(
        mut self,
        adjust: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Self {
        self.http = adjust(self.http);
        self
    }

    /// Bounds the cache of validated access tokens, in bytes and in entries. Default: 32 MiB and 100 000
    /// entries. Zero for either disables the cache.
    ///
    /// A cached token is not verified again: that saves the signature check, the most expensive part of a
    /// validation. If the cache is full, the least used tokens are evicted.
    ///
    /// ```
    /// use fief_client::Fief;
    ///
    /// let small = Fief::builder("https://fief.example.com", "CLIENT_ID")
    ///     .token_cache(1024 * 1024, 1000)
    ///     .build()?;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn token_cache(mut self, bytes: u64, entries: usize) -> Self {
        self.cache_bytes = bytes;
        self.cache_entries = entries;
        self
    }

    /// Builds the client. Sends nothing.
    ///
    /// # Errors
    /// [`FiefError::Configuration`]: a setting is invalid. The message names it and says what to change.
    pub fn build(self) -> Result<Fief, FiefError> {
        if self.client_id.is_empty() {
            return Err(FiefError::Configuration(
                "client_id must not be empty: set the id that Fief shows for the client".into(),
            ));
        }
        if self.issuer.as_ref().is_some_and(String::is_empty) {
            return Err(FiefError::Configuration(
                "issuer must not be empty: remove it to use the one of the discovery document"
                    .into(),
            ));
        }
        if self.leeway > MAX_LEEWAY {
            return Err(FiefError::Configuration(
                "leeway must be at most 300 seconds: synchronize the clocks instead".into(),
            ));
        }
        if self.access_token_limit > MAX_ACCESS_TOKEN {
            return Err(FiefError::Configuration(
                "access_token_limit must be at most 64 KiB".into(),
            ));
        }
        let timeouts = Timeouts::new(self.timeout, self.connect_timeout)?;
        let base = Origin::parse("base_url", &self.base_url, self.insecure_http)?;
        let public = match &self.public_url {
            Some(url) => Origin::parse("public_url", url, self.insecure_http)?,
            None => base.clone(),
        };
        if self.insecure_http && (base.is_http() || public.is_http()) {
            tracing::warn!(
                "requests to Fief use plain http: secrets and tokens can be read on the way"
            );
        }
        let host = self.host.as_deref().map(host_header).transpose()?;
        let encryption_keys: Result<_, _> = self
            .encryption_keys
            .iter()
            .map(|jwk| DecryptionKey::parse(jwk.expose_secret()))
            .collect();
        let encryption_keys = encryption_keys
            .map_err(|why| FiefError::Configuration(format!("encryption_key is {why}")))?;
        let provider = Provider {
            http: Http::new(self.http, base.host(), host, timeouts)?,
            base,
            public,
            clock: Clock::new(self.clock, self.leeway),
            discovery: Discovery::new(self.issuer, timeouts),
            keys: Keys::new(timeouts),
            wait_timeout: timeouts.wait(),
        };
        let inner = Inner {
            validator: Validator {
                provider,
                audiences: self.audiences,
                max_token_len: self.access_token_limit,
                cache: TokenCache::new(self.cache_bytes, self.cache_entries),
            },
            credentials: Credentials {
                id: self.client_id,
                secret: self.client_secret,
                method: self.client_auth,
            },
            encryption_keys,
            log: LogLimits::default(),
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

/// Parses a `Host` header from the configuration.
fn host_header(host: &str) -> Result<HeaderValue, FiefError> {
    HeaderValue::from_str(host).map_err(|_| {
        FiefError::Configuration(
            "host must be a valid Host header, such as fief.example.com".into(),
        )
    })
}

const MAX_ACCESS_TOKEN: usize = 64 * 1024;
const MAX_LEEWAY: Duration = Duration::from_secs(300);
