use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use url::Url;

use crate::{
    FiefError,
    access_token::Validator,
    discovery::Metadata,
    fief,
    jose::jwe::DecryptionKey,
    keys::{Key, KeySet},
    provider::Provider,
    transport::Credentials,
};

/// A client of one Fief tenant. A cheap clone: make one and share it.
///
/// Nothing is sent until it is needed; the discovery document, the keys and the connections are kept.
#[derive(Clone, Debug)]
pub struct Fief {
    pub(crate) inner: Arc<Inner>,
}

/// The parts of a client. Nobody is handed all of them: who needs one gets that one.
pub(crate) struct Inner {
    pub(crate) validator: Validator,
    pub(crate) credentials: Credentials,
    /// Where there is one, ID tokens must be encrypted.
    pub(crate) encryption_keys: Vec<DecryptionKey>,
}

impl Fief {
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
        let discovery = &self.provider().discovery;
        if discovery.issuer().is_none() {
            self.inner.metadata().await?;
        }
        discovery
            .issuer()
            .ok_or(FiefError::ResponseInvalid("discovery names no issuer"))
    }

    /// Fetches what Fief publishes, its discovery document and keys, unless they are known.
    ///
    /// Nobody has to call this, the first use does the same. It is for programs that do not want to start
    /// without Fief.
    ///
    /// # Errors
    /// [`FiefError::Transport`], [`FiefError::Request`], [`FiefError::ResponseInvalid`]: no usable answer.
    pub async fn prefetch_keys(&self) -> Result<(), FiefError> {
        self.inner.keys().await.map(|_| ())
    }

    /// Returns the age of Fief's keys, or none while there are none to verify tokens with. Sends nothing.
    ///
    /// Keys are renewed about every eight minutes; an age of more than ten tells that Fief does not answer.
    /// After 24 hours they no longer serve.
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        let provider = self.provider();
        let age = provider.keys.age(provider.clock.now());
        age.map(Duration::from_secs)
    }

    /// Returns the time by the client's clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.provider().clock.time()
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
        let mut url = self.provider().public.with_path(fief::LOGOUT);
        url.query_pairs_mut()
            .append_pair(fief::LOGOUT_REDIRECT, redirect_uri);
        url
    }

    pub(crate) fn provider(&self) -> &Provider {
        self.inner.provider()
    }
}

impl Inner {
    fn provider(&self) -> &Provider {
        &self.validator.provider
    }

    /// Returns the discovery document.
    pub(crate) async fn metadata(self: &Arc<Self>) -> Result<Arc<Metadata>, FiefError> {
        let fetch = || fetch_metadata(Arc::clone(self));
        let provider = self.provider();
        provider.discovery.get(&provider.clock, fetch).await
    }

    /// Returns the keys to verify with.
    pub(crate) async fn keys(self: &Arc<Self>) -> Result<Arc<KeySet>, FiefError> {
        let fetch = |known| fetch_keys(Arc::clone(self), known);
        let provider = self.provider();
        provider.keys.get(&provider.clock, fetch).await
    }

    /// Returns the key that a token names.
    pub(crate) async fn find_key(
        self: &Arc<Self>,
        kid: Option<&str>,
    ) -> Result<Option<Arc<Key>>, FiefError> {
        let fetch = |known| fetch_keys(Arc::clone(self), known);
        let provider = self.provider();
        provider.keys.find(kid, &provider.clock, fetch).await
    }
}

/// Work that goes on without its caller, and so owns what it works with.
async fn fetch_metadata(client: Arc<Inner>) -> Result<Arc<Metadata>, FiefError> {
    client.provider().fetch_metadata().await
}

async fn fetch_keys(
    client: Arc<Inner>,
    known: Option<Arc<KeySet>>,
) -> Result<Arc<KeySet>, FiefError> {
    let metadata = client.metadata();
    client.provider().fetch_keys(known, metadata).await
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
