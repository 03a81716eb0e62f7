//! User info: fetched from Fief and cached.
//!
//! Requests for the same user share one fetch, and a rejection by Fief is
//! cached for a moment as well. Changes of a user that happen during a fetch
//! are not overwritten by its older result.

pub(crate) mod cache;
mod memory;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use fief_client::{Fief, FiefAccessTokenInfo, FiefError, FiefUserInfo};
use quick_cache::sync::Cache;
use tokio::{runtime::Handle, time::timeout};
use uuid::Uuid;

use self::{cache::DynUserCache, memory::MemoryCache};
use crate::{
    UserKey,
    catch_panic::{Panicked, catch_panic},
    flight::{FlightError, Joined, SingleFlight},
    metrics,
};

/// Source of user info: a cache in front of Fief.
pub(crate) struct Users {
    pub(crate) store: Store,
    pub(crate) time_to_live: Duration,
    /// By user, the last token that Fief rejected.
    refusals: Cache<Uuid, NegativeEntry>,
    flights: SingleFlight<Uuid, UserResult>,
    /// Counters of updates and invalidations, each for a share of the users.
    /// One that changes during a fetch makes its result outdated.
    versions: [AtomicU64; 64],
}

/// Cache of user info.
pub(crate) enum Store {
    Memory(MemoryCache),
    /// Given by the application.
    Custom(Box<dyn DynUserCache>),
}

/// Cached rejection: Fief returned no user info for this token.
#[derive(Clone)]
struct NegativeEntry {
    refused_at: SystemTime,
    token: FiefAccessTokenInfo,
    error: FiefError,
}

type UserResult = Result<FiefUserInfo, FiefError>;

impl Users {
    pub(crate) fn new() -> Self {
        Self {
            store: Store::Memory(MemoryCache::new()),
            time_to_live: Duration::from_secs(5 * 60),
            refusals: Cache::new(MAX_REFUSALS),
            flights: SingleFlight::new(true),
            versions: [const { AtomicU64::new(0) }; 64],
        }
    }

    /// Returns the user of a token, from the cache or from Fief.
    ///
    /// Concurrent calls for the same user share one fetch.
    pub(crate) async fn get(
        users: &Arc<Self>,
        fief: &Fief,
        token: &FiefAccessTokenInfo,
    ) -> UserResult {
        for _ in 0..MAX_JOINED {
            if let Some(cached) = users.cached(fief, token).await {
                return cached;
            }
            let work = || {
                let (users, fief, token) = (Arc::clone(users), fief.clone(), token.clone());
                async move {
                    // Another fetch may have completed in the meantime.
                    match users.cached(&fief, &token).await {
                        Some(cached) => cached,
                        None => users.fetch(&fief, &token).await,
                    }
                }
            };
            let joined = users.flights.join(token.id(), || None, work).await;
            let Joined {
                result,
                started_here,
            } = joined.map_err(|FlightError| {
                FiefError::Configuration(
                    "user info was not fetched: the tokio runtime is stopped or overloaded".into(),
                )
            })?;
            match result {
                // The rejection may be of another token of the same user.
                Err(error) if !started_here && is_refusal(&error) => {}
                Ok(_) | Err(_) => return result,
            }
        }
        users.fetch(fief, token).await
    }

    /// Returns the cached user of a token, or the cached rejection of the
    /// token.
    async fn cached(&self, fief: &Fief, token: &FiefAccessTokenInfo) -> Option<UserResult> {
        if let Some(user) = self.lookup(fief, token.id()).await {
            metrics::user("cache");
            return Some(Ok(user));
        }
        self.cached_refusal(fief.now(), token).map(Err)
    }

    /// Fetches the user of a token from Fief, and caches the result.
    pub(crate) async fn fetch(&self, fief: &Fief, token: &FiefAccessTokenInfo) -> UserResult {
        metrics::user("fief");
        let id = token.id();
        let version = self.versions(id).load(Ordering::Acquire);
        let user = match fief.userinfo(token.access_token()).await {
            Ok(user) => user,
            Err(error) if is_refusal(&error) => {
                return Err(self.cache_refusal(fief, token, error).await);
            }
            // A failure says nothing about the user.
            Err(error) => return Err(error),
        };
        if let Err(error) = check_user(&user, token) {
            return Err(self.cache_refusal(fief, token, error).await);
        }
        self.insert(fief, &user).await;
        // The user changed during the fetch: the result may be outdated.
        if self.versions(id).load(Ordering::Acquire) != version {
            self.remove(fief, id).await;
        }
        Ok(user)
    }

    /// Updates the cache after a login, a refresh or a change by the user.
    pub(crate) async fn update(&self, fief: &Fief, user: &FiefUserInfo) {
        self.versions(user.sub).fetch_add(1, Ordering::AcqRel);
        self.insert(fief, user).await;
    }

    /// Removes a user from the cache. A fetch in flight is not joined any more.
    pub(crate) async fn invalidate(&self, fief: &Fief, id: Uuid) {
        self.versions(id).fetch_add(1, Ordering::AcqRel);
        self.flights.forget(&id);
        self.remove(fief, id).await;
    }

    /// Removes a user from the cache, and caches the rejection of the token for
    /// a moment. Returns the error.
    async fn cache_refusal(
        &self,
        fief: &Fief,
        token: &FiefAccessTokenInfo,
        error: FiefError,
    ) -> FiefError {
        self.remove(fief, token.id()).await;
        if is_refusal(&error) {
            let refusal = NegativeEntry {
                refused_at: fief.now(),
                token: token.clone(),
                error: error.clone(),
            };
            self.refusals.insert(token.id(), refusal);
        }
        error
    }

    /// Returns the counter of the share that a user belongs to.
    fn versions(&self, id: Uuid) -> &AtomicU64 {
        let [.., last] = id.into_bytes();
        let [first, ..] = &self.versions;
        self.versions.get(usize::from(last % 64)).unwrap_or(first)
    }

    async fn insert(&self, fief: &Fief, user: &FiefUserInfo) {
        self.refusals.remove(&user.sub);
        match &self.store {
            Store::Memory(memory) => memory.insert(fief.now(), user),
            Store::Custom(cache) => {
                if let Some(key) = user_key(fief, user.sub).await {
                    in_time(async { cache.insert(&key, user, self.time_to_live).await }).await;
                }
            }
        }
    }

    async fn lookup(&self, fief: &Fief, id: Uuid) -> Option<FiefUserInfo> {
        if self.time_to_live.is_zero() {
            return None;
        }
        let found = match &self.store {
            Store::Memory(memory) => memory.get(id, fief.now(), self.time_to_live),
            Store::Custom(cache) => {
                let key = user_key(fief, id).await?;
                in_time(async { cache.get(&key).await }).await.flatten()
            }
        };
        // A custom cache may return anything.
        found.filter(|user| user.sub == id && user.is_active != Some(false))
    }

    async fn remove(&self, fief: &Fief, id: Uuid) {
        match &self.store {
            Store::Memory(memory) => memory.remove(id),
            Store::Custom(cache) => {
                if let Some(key) = user_key(fief, id).await {
                    in_time(async { cache.remove(&key).await }).await;
                }
            }
        }
    }

    /// Returns the cached rejection, if it applies to this token.
    ///
    /// An inactive user is rejected with any token.
    fn cached_refusal(&self, now: SystemTime, token: &FiefAccessTokenInfo) -> Option<FiefError> {
        let refusal = self.refusals.get(&token.id())?;
        let age = now.duration_since(refusal.refused_at);
        let is_same = matches!(refusal.error, FiefError::UserInactive)
            || refusal.token.access_token() == token.access_token();
        (is_same && age.is_ok_and(|age| age < REFUSAL_LIFETIME)).then_some(refusal.error)
    }
}

/// Awaits a custom cache, but not for long: returns `None` if it does not
/// respond in time or panics, which is logged.
async fn in_time<T>(operation: impl Future<Output = T>) -> Option<T> {
    if Handle::try_current().is_err() {
        tracing::error!("the user cache is not used, since no Tokio runtime is running");
        return None;
    }
    timeout(CACHE_TIMEOUT, catch_panic(operation))
        .await
        .inspect_err(|_| tracing::error!("the user cache does not respond within 2 seconds"))
        .ok()?
        .inspect_err(|Panicked| tracing::error!("the user cache panicked"))
        .ok()
}

/// Checks that user info belongs to the token and that the user is active
/// ([OpenID Connect Core, section 5.3.2](https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse)).
fn check_user(user: &FiefUserInfo, token: &FiefAccessTokenInfo) -> Result<(), FiefError> {
    if user.sub != token.id() {
        let why = "user info is of another user than the access token";
        return Err(FiefError::ResponseInvalid(why));
    }
    if user.is_active == Some(false) {
        return Err(FiefError::UserInactive);
    }
    Ok(())
}

/// Returns whether Fief rejected the user or the token, rather than failed.
fn is_refusal(error: &FiefError) -> bool {
    matches!(error, FiefError::UserInactive) || error.status().is_some_and(|status| status == 401)
}

/// Returns the key of a user in a custom cache.
///
/// The issuer was fetched when the token was validated.
async fn user_key(fief: &Fief, id: Uuid) -> Option<UserKey> {
    let issuer = fief.issuer().await.ok()?;
    Some(UserKey::new(issuer, id))
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").finish_non_exhaustive()
    }
}

/// How many shared fetches are awaited that may be rejected for another token.
const MAX_JOINED: usize = 3;
const MAX_REFUSALS: usize = 10_000;
/// How long a rejection is cached, before the token is tried again.
const REFUSAL_LIFETIME: Duration = Duration::from_secs(5);
/// How long a custom cache may take.
const CACHE_TIMEOUT: Duration = Duration::from_secs(2);
