use std::{future::Future, sync::Arc, time::Duration};

use crate::{
    FiefError,
    clock::Clock,
    discovery::{Discovery, Metadata},
    keys::{self, KeySet, Keys},
    transport::{Http, Origin},
};

/// The Fief server of a client: its URLs, its discovery document and its keys.
pub(crate) struct Provider {
    /// URL for requests of this program.
    pub(crate) base: Origin,
    /// URL for browsers.
    pub(crate) public: Origin,
    pub(crate) http: Http,
    pub(crate) clock: Clock,
    pub(crate) discovery: Discovery,
    pub(crate) keys: Keys,
    /// How long to wait for requests before they count as lost.
    pub(crate) wait_timeout: Duration,
}

impl Provider {
    /// Fetches the discovery document.
    pub(crate) async fn fetch_metadata(&self) -> Result<Arc<Metadata>, FiefError> {
        self.discovery
            .fetch(&self.http, &self.base, &self.clock)
            .await
    }

    /// Fetches a set of keys newer than `known`.
    pub(crate) async fn fetch_keys(
        &self,
        known: Option<Arc<KeySet>>,
        metadata: impl Future<Output = Result<Arc<Metadata>, FiefError>>,
    ) -> Result<Arc<KeySet>, FiefError> {
        let fetched = async {
            let url = self.base.resolve(&metadata.await?.jwks);
            keys::fetch(&self.http, url, &self.clock).await
        };
        self.keys.renew(known, fetched, &self.clock).await
    }
}
