use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use url::Url;

use crate::{
    FiefError,
    audiences::Audiences,
    client_auth::Credentials,
    clock::Clock,
    http::Http,
    jwe::DecryptionKey,
    jwks::{self, KeySet},
    key::Key,
    keys::Keys,
    metadata::{Discovery, Metadata},
    origin::Origin,
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
    pub async fn connect(&self) -> Result<(), FiefError> {
        self.inner.keys().await.map(|_| ())
    }

    /// Returns the age of Fief's keys, or none while there are none to verify tokens with. Sends nothing.
    ///
    /// Keys are renewed about every eight minutes; an age of more than ten tells that Fief does not answer.
    /// After 24 hours they no longer serve.
    #[must_use]
    pub fn ready(&self) -> Option<Duration> {
        let age = self.inner.keys.age(self.inner.clock.now());
        age.map(Duration::from_secs)
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

impl Inner {
    /// Returns the discovery document.
    pub(crate) async fn metadata(self: &Arc<Self>) -> Result<Arc<Metadata>, FiefError> {
        let fetch = || fetch_metadata(Arc::clone(self));
        self.discovery.get(&self.clock, fetch).await
    }

    /// Returns the keys to verify with.
    pub(crate) async fn keys(self: &Arc<Self>) -> Result<Arc<KeySet>, FiefError> {
        let fetch = |known| fetch_keys(Arc::clone(self), known);
        self.keys.get(&self.clock, fetch).await
    }

    /// Returns the key that a token names.
    pub(crate) async fn find_key(
        self: &Arc<Self>,
        kid: Option<&str>,
    ) -> Result<Option<Arc<Key>>, FiefError> {
        let fetch = |known| fetch_keys(Arc::clone(self), known);
        self.keys.find(kid, &self.clock, fetch).await
    }
}

async fn fetch_metadata(client: Arc<Inner>) -> Result<Arc<Metadata>, FiefError> {
    let (http, base) = (&client.http, &client.base);
    client.discovery.fetch(http, base, &client.clock).await
}

async fn fetch_keys(
    client: Arc<Inner>,
    known: Option<Arc<KeySet>>,
) -> Result<Arc<KeySet>, FiefError> {
    let fetched = async {
        let metadata = client.metadata().await?;
        let url = client.base.join(&metadata.jwks);
        jwks::fetch(&client.http, url, client.clock.now()).await
    };
    client.keys.renew(known, fetched, &client.clock).await
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
