use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use url::Url;

use crate::{
    FiefError, Health, Reason,
    access_token::Validator,
    discovery::Metadata,
    fief,
    jose::jwe::DecryptionKey,
    keys::{Budget, KeyGroup, KeySet},
    provider::Provider,
    transport::{Credentials, LogLimits},
};

/// Client of one Fief tenant. Cloning is cheap: create one and share it.
///
/// Its methods are grouped by task:
///
/// - login: [`begin_login`](Self::begin_login) and [`finish_login`](Self::finish_login), or step by
///   step [`auth_url`](Self::auth_url) and [`auth_callback`](Self::auth_callback);
///   [`auth_refresh_token`](Self::auth_refresh_token), [`verify`](Self::verify),
///   [`logout_url`](Self::logout_url);
/// - access tokens: [`validate_access_token`](Self::validate_access_token);
/// - the user: [`userinfo`](Self::userinfo), [`update_profile`](Self::update_profile),
///   [`change_password`](Self::change_password), [`email_change`](Self::email_change),
///   [`email_verify`](Self::email_verify).
///
/// # Requests
///
/// Nothing is sent until it is needed. The discovery document, the keys, validated tokens and the
/// connections are cached and shared by all clones; keys are renewed in the background and stay in use
/// for up to 24 hours while Fief is unreachable. Every request has a timeout.
///
/// Requests need a running tokio runtime. [`blocking`](https://docs.rs/fief-client/latest/fief_client/blocking/)
/// brings its own.
///
/// ```
/// use fief_client::{Fief, FiefError};
///
/// struct State {
///     fief: Fief,
/// }
///
/// fn state() -> Result<State, FiefError> {
///     let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
///         .client_secret("SECRET")
///         .build()?;
///     Ok(State { fief })
/// }
/// # state().unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Fief {
    pub(crate) inner: Arc<Inner>,
}

/// Parts of a client. Functions take those that they need, not all of them.
pub(crate) struct Inner {
    pub(crate) validator: Validator,
    pub(crate) credentials: Credentials,
    /// If there is one, ID tokens must be encrypted.
    pub(crate) encryption_keys: Vec<DecryptionKey>,
    /// Of the lines that applications of this client log.
    pub(crate) log: LogLimits,
}

impl Fief {
    /// Returns the client's id, as given to [`Fief::builder`].
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.inner.credentials.id
    }

    /// Returns the issuer that tokens must name (`iss`): the one that was
    /// [set](crate::FiefBuilder::issuer), or the one of the first discovery document, which is fetched if
    /// necessary.
    ///
    /// # Errors
    /// - [`FiefError::Transport`]: Fief is unreachable.
    /// - [`FiefError::Request`]: Fief responded to the discovery request with an error.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document cannot be used.
    pub async fn issuer(&self) -> Result<&str, FiefError> {
        if self.provider().discovery.issuer().is_none() {
            self.inner.metadata().await?;
        }
        self.known_issuer()
    }

    /// Fetches Fief's discovery document and keys, unless they are cached.
    ///
    /// Calling this is optional, since the first use does the same. Use it to fail at startup if Fief is
    /// unreachable, or to spare the first request the wait.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), fief_client::FiefError> {
    /// let fief = fief_client::Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// fief.prefetch_keys().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`FiefError::Transport`]: Fief is unreachable.
    /// - [`FiefError::Request`]: Fief responded with an error.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document or the keys cannot be used.
    pub async fn prefetch_keys(&self) -> Result<(), FiefError> {
        self.inner.keys().await.map(|_| ())
    }

    /// Returns the age of the cached keys, or `None` if there are none to verify tokens with. Sends
    /// nothing, so it suits health checks.
    ///
    /// Keys in use are renewed about every eight minutes. An age of more than ten means that Fief is
    /// unreachable, or that no token has been validated since. After 24 hours they are not used any more.
    ///
    /// ```
    /// # let fief = fief_client::Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// assert_eq!(fief.keys_age(), None);
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        let provider = self.provider();
        let age = provider.keys.age(provider.clock.now());
        age.map(Duration::from_secs)
    }

    /// Returns whether tokens can be verified, and why the last attempt to fetch Fief's keys failed. Sends nothing, so it
    /// suits health checks.
    ///
    /// A client that has just been built has no keys: call [`prefetch_keys`](Self::prefetch_keys) first, or let the first
    /// token do so. While Fief is unreachable, the client is ready for up to 24 hours.
    ///
    /// ```
    /// # let fief = fief_client::Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let health = fief.health();
    /// if let Some(failure) = health.last_failure() {
    ///     eprintln!("no keys since {:?}: {}", failure.at(), failure.kind());
    /// }
    /// assert!(!health.is_ready());
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    #[must_use]
    pub fn health(&self) -> Health {
        let provider = self.provider();
        provider.keys.health(&provider.clock)
    }

    /// Returns the time by the client's [clock](crate::FiefBuilder::clock). For middleware, whose own
    /// checks of times should agree with those of the tokens.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.provider().clock.time()
    }

    /// Returns how long to wait for work that sends requests before it counts as lost: longer than they take with
    /// the [timeout](crate::FiefBuilder::timeout). For fief-axum.
    #[doc(hidden)]
    #[must_use]
    pub fn wait_timeout(&self) -> Duration {
        self.provider().wait_timeout
    }

    /// Returns the URL of Fief's logout page, which a browser opens and from where Fief redirects it to
    /// `redirect_uri`. Sends nothing.
    ///
    /// Fief only ends its own session there. Tokens stay valid until they expire: delete them, and the
    /// application's session, first.
    ///
    /// # Danger
    /// Fief redirects to any URL: never take `redirect_uri` from a request.
    ///
    /// ```
    /// # use fief_client::Fief;
    /// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let url = fief.logout_url("https://app.example.com/");
    /// let expected =
    ///     "https://fief.example.com/logout?redirect_uri=https%3A%2F%2Fapp.example.com%2F";
    /// assert_eq!(url.as_str(), expected);
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    #[doc(alias = "getLogoutURL")]
    #[must_use = "the browser has to be sent to the URL"]
    pub fn logout_url(&self, redirect_uri: &str) -> Url {
        let mut url = self.provider().public.with_path(fief::LOGOUT);
        url.query_pairs_mut()
            .append_pair(fief::LOGOUT_REDIRECT, redirect_uri);
        url
    }

    /// Returns the issuer without a request.
    pub(crate) fn known_issuer(&self) -> Result<&str, FiefError> {
        let issuer = self.provider().discovery.issuer();
        issuer.ok_or(FiefError::DiscoveryInvalid(Reason::Missing {
            name: "issuer",
        }))
    }

    /// Returns the URLs at which browsers reach the authorization and the token
    /// endpoint, without fetching discovery. For the OpenAPI documents of
    /// fief-axum.
    #[doc(hidden)]
    #[must_use]
    pub fn browser_endpoints(&self) -> [Url; 2] {
        [fief::AUTHORIZE, fief::TOKEN].map(|path| self.provider().public.with_path(path))
    }

    pub(crate) fn provider(&self) -> &Provider {
        self.inner.provider()
    }

    /// Returns the URL at which this program reaches Fief.
    #[cfg(feature = "cli")]
    pub(crate) fn base_url(&self) -> String {
        self.provider().base.with_path("").into()
    }
}

impl Inner {
    fn provider(&self) -> &Provider {
        &self.validator.provider
    }

    /// Returns the discovery document, fetching it if necessary.
    pub(crate) async fn metadata(self: &Arc<Self>) -> Result<Arc<Metadata>, FiefError> {
        let fetch = || fetch_metadata(Arc::clone(self));
        let provider = self.provider();
        provider.discovery.get(&provider.clock, fetch).await
    }

    /// Returns the keys to verify with, fetching them if necessary.
    pub(crate) async fn keys(self: &Arc<Self>) -> Result<Arc<KeySet>, FiefError> {
        let fetch = |known| fetch_keys(Arc::clone(self), known);
        let provider = self.provider();
        provider.keys.usable_set(&provider.clock, fetch).await
    }

    /// Returns the keys with the `kid` of a token, fetching Fief's if necessary. The budget says where the token
    /// comes from.
    pub(crate) async fn find_keys(
        self: &Arc<Self>,
        kid: Option<&str>,
        budget: Budget,
    ) -> Result<Option<Arc<KeyGroup>>, FiefError> {
        let fetch = |known| fetch_keys(Arc::clone(self), known);
        let provider = self.provider();
        provider
            .keys
            .find(kid, budget, &provider.clock, fetch)
            .await
    }
}

/// Work that outlives its caller, and therefore owns what it uses.
async fn fetch_metadata(client: Arc<Inner>) -> Result<Arc<Metadata>, FiefError> {
    client.provider().fetch_metadata().await
}

async fn fetch_keys(
    client: Arc<Inner>,
    known: Option<Arc<KeySet>>,
) -> Result<Arc<KeySet>, FiefError> {
    let provider = client.provider();
    let fetch = || fetch_metadata(Arc::clone(&client));
    let metadata = provider.discovery.get_for_keys(&provider.clock, fetch);
    provider.fetch_keys(known, metadata).await
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("base", &self.provider().base)
            .field("public", &self.provider().public)
            .field("client_id", &self.credentials.id)
            .finish_non_exhaustive()
    }
}
