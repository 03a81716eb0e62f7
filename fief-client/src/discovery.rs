use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    FiefError, Reason,
    clock::Clock,
    error::Chain,
    jose::members::{Checked, Member, Object},
    metrics,
    transport::{
        Backoff, Call, Endpoint, Http, LogLimit, Origin, SingleFlight, Target, Timeouts, Work,
    },
};

/// Checked contents of the discovery document
/// ([OpenID Connect Discovery, section 3](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata)).
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization: Endpoint,
    pub(crate) token: Endpoint,
    pub(crate) userinfo: Endpoint,
    pub(crate) jwks: Endpoint,
    fetched_at: u64,
}

/// Cache of the discovery document, which is fetched at its first use and renewed every hour.
#[derive(Debug)]
pub(crate) struct Discovery {
    latest: Mutex<Option<Arc<Metadata>>>,
    /// The issuer: the configured one, or that of the first document. It never changes.
    issuer: OnceLock<String>,
    /// When the last renewal began, in seconds of Unix time.
    attempted_at: AtomicU64,
    /// After failures while there is no document.
    backoff: Backoff,
    warning: LogLimit,
    flight: SingleFlight<Arc<Metadata>>,
}

impl Discovery {
    pub(crate) fn new(issuer: Option<String>, timeouts: Timeouts) -> Self {
        Self {
            latest: Mutex::new(None),
            issuer: issuer.map(OnceLock::from).unwrap_or_default(),
            attempted_at: AtomicU64::new(0),
            backoff: Backoff::new(1, MAX_DELAY),
            warning: LogLimit::default(),
            flight: SingleFlight::new(timeouts),
        }
    }

    /// Returns the document, fetching it with `fetch` if there is none. One older than an hour is used while
    /// it is renewed in the background.
    pub(crate) async fn get<F: Work<Arc<Metadata>>>(
        &self,
        clock: &Clock,
        fetch: impl Fn() -> F,
    ) -> Result<Arc<Metadata>, FiefError> {
        let now = clock.now();
        let Some(latest) = self.latest() else {
            return self.first(now, fetch).await;
        };
        let attempted_at = self.attempted_at.load(Ordering::Relaxed);
        if !latest.is_fresh(now) && now.abs_diff(attempted_at) >= RETRY_DELAY {
            self.attempted_at.store(now, Ordering::Relaxed);
            if let Err(error) = self.flight.start(fetch) {
                tracing::debug!(error = %Chain(&error), "the renewal of the discovery document cannot start");
            }
        }
        Ok(latest)
    }

    /// Fetches the document if there is none, or returns the last failure if it is too early for another attempt.
    async fn first<F: Work<Arc<Metadata>>>(
        &self,
        now: u64,
        fetch: impl Fn() -> F,
    ) -> Result<Arc<Metadata>, FiefError> {
        match self.backoff.error_during_delay(now) {
            Some(error) => Err(error),
            None => self.flight.join_if_room(fetch).await,
        }
    }

    /// As [`get`](Self::get), for the one fetch of keys, which needs no room among the callers that wait.
    pub(crate) async fn get_for_keys<F: Work<Arc<Metadata>>>(
        &self,
        clock: &Clock,
        fetch: impl Fn() -> F,
    ) -> Result<Arc<Metadata>, FiefError> {
        let pause = self.backoff.error_during_delay(clock.now());
        match (self.latest(), pause) {
            (Some(_), _) => self.get(clock, fetch).await,
            (None, Some(error)) => Err(error),
            (None, None) => self.flight.join(fetch).await,
        }
    }

    /// Fetches the document and stores it.
    pub(crate) async fn fetch(
        &self,
        http: &Http,
        base: &Origin,
        clock: &Clock,
    ) -> Result<Arc<Metadata>, FiefError> {
        let url = base.with_path("/.well-known/openid-configuration");
        let call = Call::Discovery;
        let fetched: Result<Checked<Document>, _> = http
            .fetch_document(Target { call, url }, LIMIT, clock)
            .await;
        let checked = match fetched {
            Ok(Checked(document)) => document
                .and_then(|document| document.check(base, clock.now()))
                .map_err(FiefError::DiscoveryInvalid),
            // Nothing was sent: that is no further failure.
            Err(failure) if !failure.was_admitted => return Err(failure.error),
            Err(failure) => Err(failure.error),
        };
        let stored = checked.and_then(|metadata| self.store(metadata));
        match &stored {
            Ok(_) => self.backoff.record_success(),
            Err(error) => {
                let now = clock.now();
                if let Some(reason) = error.reason() {
                    metrics::rejection("discovery", reason.label());
                }
                self.backoff.record_failure(error.clone(), now);
                if let Some(omitted) = self.warning.permit(now) {
                    let error = Chain(error);
                    tracing::warn!(%error, omitted, "the discovery document could not be fetched");
                }
            }
        }
        stored
    }

    /// Returns the issuer, if it was configured or a document was fetched.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.issuer.get().map(String::as_str)
    }

    /// Returns `true` if a token's issuer is this one, byte for byte.
    pub(crate) fn is_issuer(&self, issuer: &str) -> bool {
        self.issuer() == Some(issuer)
    }

    fn latest(&self) -> Option<Arc<Metadata>> {
        self.latest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Stores a document, unless it names another issuer.
    fn store(&self, metadata: Metadata) -> Result<Arc<Metadata>, FiefError> {
        let pinned = self.issuer.get_or_init(|| metadata.issuer.clone());
        if *pinned != metadata.issuer {
            return Err(FiefError::DiscoveryInvalid(ISSUER_DIFFERS));
        }
        let metadata = Arc::new(metadata);
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&metadata));
        Ok(metadata)
    }
}

impl Metadata {
    fn is_fresh(&self, now: u64) -> bool {
        now.checked_sub(self.fetched_at)
            .is_some_and(|age| age < MAX_AGE)
    }
}

#[cfg(fuzzing)]
pub(crate) fn parse(base: &Origin, body: &[u8]) -> Option<Metadata> {
    let Checked(document) = serde_json::from_slice(body).ok()?;
    Document::check(document.ok()?, base, 0).ok()
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
}

impl Document {
    /// Uses only the paths: Fief builds the origins from headers of requests, which are untrusted.
    fn check(self, base: &Origin, now: u64) -> Result<Metadata, Reason> {
        let Self {
            issuer,
            authorization_endpoint,
            token_endpoint,
            userinfo_endpoint,
            jwks_uri,
        } = self;
        if issuer.is_empty() {
            return Err(ISSUER_DIFFERS);
        }
        let endpoint = |name, url: &str| base.strip_base(url).ok_or(Reason::WrongValue { name });
        Ok(Metadata {
            issuer,
            authorization: endpoint("authorization_endpoint", &authorization_endpoint)?,
            token: endpoint("token_endpoint", &token_endpoint)?,
            userinfo: endpoint("userinfo_endpoint", &userinfo_endpoint)?,
            jwks: endpoint("jwks_uri", &jwks_uri)?,
            fetched_at: now,
        })
    }
}

impl Object<'_> for Document {
    const NAME: &'static str = "document";
    const MEMBERS: &'static [Member] = &[
        Member::required("issuer", Value::is_string),
        Member::required("authorization_endpoint", Value::is_string),
        Member::required("token_endpoint", Value::is_string),
        Member::required("userinfo_endpoint", Value::is_string),
        Member::required("jwks_uri", Value::is_string),
    ];
}

const ISSUER_DIFFERS: Reason = Reason::WrongValue { name: "issuer" };

// Seconds.
const MAX_AGE: u64 = 3600;
const RETRY_DELAY: u64 = 30;
/// Of the back-off.
const MAX_DELAY: u64 = 30;

const LIMIT: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::Document;
    use crate::jose::members::tests::assert_complete;

    /// TV-28
    #[test]
    fn each_member_that_can_be_wrong_is_named() {
        assert_complete::<Document>(&[]);
    }
}
