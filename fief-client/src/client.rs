use std::{fmt, sync::Arc, time::SystemTime};

use http::HeaderValue;
use url::Url;

use crate::{
    FiefBuilder, FiefError, audiences::Audiences, client_auth::Credentials, clock::Clock,
    http::Http, jwe::DecryptionKey, keys::Keys, metadata::Discovery, origin::Origin,
    validated::ValidatedTokens,
};

/// A client of one Fief tenant. A cheap clone: make one and share it.
///
/// Nothing is sent until it is needed; the discovery document, the keys and the connections are kept.
#[derive(Clone, Debug)]
pub struct Fief {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) base: Origin,
    pub(crate) public: Origin,
    pub(crate) credentials: Credentials,
    /// Where there is one, ID tokens must be encrypted.
    pub(crate) encryption_keys: Vec<DecryptionKey>,
    pub(crate) audiences: Audiences,
    /// Bytes.
    pub(crate) access_token_limit: usize,
    pub(crate) clock: Clock,
    pub(crate) http: Http,
    pub(crate) discovery: Discovery,
    pub(crate) keys: Keys,
    pub(crate) validated: ValidatedTokens,
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
    pub fn builder(base_url: impl AsRef<str>, client_id: impl Into<String>) -> FiefBuilder {
        FiefBuilder::new(base_url.as_ref(), client_id.into())
    }

    /// Returns the id of the client that this is.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.inner.credentials.id
    }

    /// Returns the issuer that tokens must name: the one that was set, else the one of the first discovery document,
    /// which is fetched where it is not known yet.
    ///
    /// # Errors
    /// [`FiefError::Transport`], [`FiefError::Request`], [`FiefError::ResponseInvalid`]: discovery failed.
    pub async fn issuer(&self) -> Result<&str, FiefError> {
        let discovery = &self.inner.discovery;
        if discovery.issuer().is_none() {
            discovery.get(&self.inner).await?;
        }
        discovery
            .issuer()
            .ok_or(FiefError::ResponseInvalid("discovery names no issuer"))
    }

    /// Returns the time by the client's clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.inner.clock.time()
    }

    /// Returns Fief's logout page for the browser, from where Fief sends it on to `redirect_uri`.
    ///
    /// Fief ends its own session there and nothing else: tokens stay valid, so drop them first. Fief does not
    /// check where it sends the browser; never let a request choose it.
    ///
    /// ```
    /// # use fief_client::Fief;
    /// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let url = fief.logout_url("https://app.example.com/");
    /// assert_eq!(url.as_str(), "https://fief.example.com/logout?redirect_uri=https%3A%2F%2Fapp.example.com%2F");
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    #[must_use]
    pub fn logout_url(&self, redirect_uri: &str) -> Url {
        let mut url = self.inner.public.at("/logout");
        url.query_pairs_mut()
            .append_pair("redirect_uri", redirect_uri);
        url
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("base", &self.base)
            .field("public", &self.public)
            .field("client_id", &self.credentials.id)
            .finish_non_exhaustive()
    }
}

/// Parses a `Host` header from configuration.
pub(crate) fn host_header(host: &str) -> Result<HeaderValue, FiefError> {
    HeaderValue::from_str(host)
        .map_err(|_| FiefError::Configuration("host: not a valid Host header".into()))
}
