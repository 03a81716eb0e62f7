//! User info: fetched from Fief and cached.
//!
//! Requests for the same user share one fetch, and how a fetch failed is
//! remembered for a moment as well. Changes of a user that happen during a fetch
//! are not overwritten by its older result.
//!
//! | Fief's response about a user | with a user known | without |
//! | --- | --- | --- |
//! | user info | fresh for five minutes | fresh for five minutes |
//! | 401, or a user that is not active | 401; the user is removed | 401 |
//! | an error (a deleted user is a 500), or none | the known one, for 24 hours after it was fetched | 503 |
//! | user info of another user | 503; the user is removed | 503 |
//!
//! After a failure Fief is left alone for 5 seconds, for each user. With a user
//! known, the next request is sent in the background. Of one user there is one
//! request in flight, and one more if it has to be fresh.

pub(crate) mod cache;
mod changes;
mod failures;
mod fresh;
mod memory;

use std::{fmt, sync::Arc, time::Duration};

use fief_client::{
    Fief, FiefAccessTokenInfo, FiefError, FiefUserInfo,
    internal::{LogLimit, unix_seconds},
};
use tokio::runtime::Handle;
use uuid::Uuid;

use self::{
    cache::{DynUserCache, in_time},
    changes::Changes,
    failures::{Failures, LastRequest, is_rejection},
    memory::MemoryCache,
};
use crate::{
    UserKey,
    flight::{FlightError, Joined, SingleFlight},
    metrics,
};

/// Source of user info: a cache in front of Fief.
pub(crate) struct Users {
    /// The users that this process knows.
    known: MemoryCache,
    /// The cache of the application, for users that are fresh.
    pub(crate) custom: Option<Box<dyn DynUserCache>>,
    pub(crate) time_to_live: Duration,
    failures: Failures,
    flights: SingleFlight<Uuid, UserResult>,
    /// Of fresh user info, which is fetched after it was requested.
    fresh_flights: SingleFlight<Uuid, UserResult>,
    changes: Changes,
    /// Limits the log of optional users that are unavailable.
    pub(crate) unavailable: LogLimit,
}

/// What is known of a user.
enum Known {
    /// No request is needed.
    Result(UserResult),
    /// User info that is not fresh, since the last request failed.
    Kept(Arc<FiefUserInfo>),
    Nothing,
}

type UserResult = Result<Arc<FiefUserInfo>, FiefError>;

impl Users {
    pub(crate) fn new(wait_timeout: Duration) -> Self {
        Self {
            known: MemoryCache::new(),
            custom: None,
            time_to_live: Duration::from_secs(5 * 60),
            failures: Failures::new(),
            flights: SingleFlight::new(true, wait_timeout),
            fresh_flights: SingleFlight::new(true, wait_timeout),
            changes: Changes::new(),
            unavailable: LogLimit::every(60),
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
            match users.known(fief, token).await {
                Known::Result(result) => return result,
                Known::Kept(user) => {
                    Self::fetch_in_background(users, fief, token);
                    return Ok(user);
                }
                Known::Nothing => {}
            }
            let Joined {
                result,
                started_here,
            } = Self::join(users, fief, token).await?;
            match result {
                // The rejection may be of another token of the same user.
                Err(error) if !started_here && is_rejection(&error) => {}
                Err(error) if !is_rejection(&error) => {
                    return users.kept(fief, token.id()).ok_or(error);
                }
                Ok(_) | Err(_) => return result,
            }
        }
        users.fetch(fief, token).await
    }

    /// Returns a user that needs no fetch, without awaiting. `None` if that is unknown.
    pub(crate) fn in_memory(&self, fief: &Fief, id: Uuid) -> Option<Arc<FiefUserInfo>> {
        let user = self.fresh_in_memory(fief, id)?;
        metrics::user("cache");
        Some(user)
    }

    /// Joins the fetch of a user in flight, or starts it.
    async fn join(
        users: &Arc<Self>,
        fief: &Fief,
        token: &FiefAccessTokenInfo,
    ) -> Result<Joined<UserResult>, FiefError> {
        let work = || {
            let (users, fief, token) = (Arc::clone(users), fief.clone(), token.clone());
            async move { users.fetch(&fief, &token).await }
        };
        // Another fetch may have completed in the meantime.
        let cached = || users.fresh_in_memory(fief, token.id()).map(Ok);
        let joined = users.flights.join(token.id(), cached, work).await;
        joined.map_err(not_run)
    }

    /// Starts the fetch of a user, unless it is in flight.
    fn fetch_in_background(users: &Arc<Self>, fief: &Fief, token: &FiefAccessTokenInfo) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if !users.flights.contains(&token.id()) {
            let (users, fief, token) = (Arc::clone(users), fief.clone(), token.clone());
            runtime.spawn(async move { Self::join(&users, &fief, &token).await.map(|_| ()) });
        }
    }

    /// Returns what is known of the user of a token without a request to Fief.
    async fn known(&self, fief: &Fief, token: &FiefAccessTokenInfo) -> Known {
        let id = token.id();
        if let Some(user) = self.fresh(fief, id).await {
            metrics::user("cache");
            return Known::Result(Ok(user));
        }
        match self.failures.last_request(fief.now(), token) {
            LastRequest::Failed(error) => Known::Result(self.kept(fief, id).ok_or(error)),
            LastRequest::FailedBefore => self.kept(fief, id).map_or(Known::Nothing, Known::Kept),
            LastRequest::Rejected(error) => Known::Result(Err(error)),
            LastRequest::Succeeded => Known::Nothing,
        }
    }

    /// Returns a user that was fetched within the last 24 hours, also if no longer
    /// fresh.
    fn kept(&self, fief: &Fief, id: Uuid) -> Option<Arc<FiefUserInfo>> {
        let user = self.known.get(id, fief.now(), KEPT)?;
        metrics::user("kept");
        Some(user)
    }

    /// Fetches the user of a token from Fief, and caches the result.
    async fn fetch(&self, fief: &Fief, token: &FiefAccessTokenInfo) -> UserResult {
        metrics::user("fief");
        let id = token.id();
        let version = self.changes.version(id);
        let fetched = fief.userinfo(token.access_token()).await;
        let (checked, is_about_user) = match fetched {
            Ok(user) => (check_user(user, token), true),
            Err(error) => {
                let is_rejection = is_rejection(&error);
                (Err(error), is_rejection)
            }
        };
        let user = match checked {
            Ok(user) => user,
            Err(error) => {
                // Other failures say nothing about the user.
                if is_about_user {
                    self.changes.count(id);
                    self.remove(fief, id).await;
                }
                self.failures.record(fief.now(), token, &error);
                return Err(error);
            }
        };
        self.failures.remove(id);
        // The user changed during the fetch: the result may be outdated.
        if self.changes.version(id) == version {
            self.insert(fief, &user).await;
            if self.changes.version(id) != version {
                self.remove(fief, id).await;
            }
        }
        Ok(user)
    }

    /// Updates the cache after a login or a refresh, whose tokens were received at a
    /// time, in seconds of Unix time.
    ///
    /// Their verification may have taken long. If a user was changed meanwhile, what they
    /// say is outdated.
    pub(crate) async fn learn(&self, fief: &Fief, user: &FiefUserInfo, received_at: u64) {
        let is_outdated = || received_at <= self.changes.latest(user.sub);
        if !is_outdated() && !self.known.is_newer(user.sub, received_at) {
            self.replace(fief, user).await;
            // It was changed at the same time.
            if is_outdated() {
                self.remove(fief, user.sub).await;
            }
        }
    }

    /// Updates the cache after a change by the user.
    pub(crate) async fn update(&self, fief: &Fief, user: &FiefUserInfo) {
        self.changes.record(user.sub, unix_seconds(fief.now()));
        self.replace(fief, user).await;
    }

    async fn replace(&self, fief: &Fief, user: &FiefUserInfo) {
        self.changes.count(user.sub);
        self.failures.remove(user.sub);
        self.insert(fief, &Arc::new(user.clone())).await;
    }

    /// Removes a user from the cache. A fetch in flight is not joined any more.
    pub(crate) async fn invalidate(&self, fief: &Fief, id: Uuid) {
        self.changes.record(id, unix_seconds(fief.now()));
        self.changes.count(id);
        self.flights.forget(&id);
        self.failures.remove(id);
        self.remove(fief, id).await;
    }

    async fn insert(&self, fief: &Fief, user: &Arc<FiefUserInfo>) {
        self.known.insert(fief.now(), user);
        if let Some(cache) = &self.custom
            && let Some(key) = UserKey::of(fief, user.sub).await
        {
            in_time(async { cache.insert(&key, user, self.time_to_live).await }).await;
        }
    }

    async fn remove(&self, fief: &Fief, id: Uuid) {
        self.known.remove(id);
        if let Some(cache) = &self.custom
            && let Some(key) = UserKey::of(fief, id).await
        {
            in_time(async { cache.remove(&key).await }).await;
        }
    }

    /// Returns a user that needs no fetch. With a cache of the application, that
    /// decides.
    async fn fresh(&self, fief: &Fief, id: Uuid) -> Option<Arc<FiefUserInfo>> {
        let Some(cache) = &self.custom else {
            return self.fresh_in_memory(fief, id);
        };
        if self.time_to_live.is_zero() {
            return None;
        }
        let key = UserKey::of(fief, id).await?;
        let version = self.changes.version(id);
        let found = in_time(async { cache.get(&key).await }).await.flatten();
        // It may return anything.
        let user = found.filter(|user| user.sub == id && user.is_active != Some(false))?;
        let user = Arc::new(user);
        let now = fief.now();
        // As old as it may be, it is kept here for as long again before it is copied once more.
        let known_for = self.time_to_live.saturating_mul(2);
        if self.known.get(id, now, known_for).is_none() {
            // It was fetched at most that long ago.
            let fetched_at = now.checked_sub(self.time_to_live).unwrap_or(now);
            self.known.insert(fetched_at, &user);
        }
        // The user changed meanwhile: what the cache returned may be outdated.
        if self.changes.version(id) != version {
            self.known.remove(id);
            return None;
        }
        Some(user)
    }

    fn fresh_in_memory(&self, fief: &Fief, id: Uuid) -> Option<Arc<FiefUserInfo>> {
        if self.custom.is_some() || self.time_to_live.is_zero() {
            return None;
        }
        self.known.get(id, fief.now(), self.time_to_live)
    }
}

fn not_run(_: FlightError) -> FiefError {
    let why = "user info was not fetched: the tokio runtime is stopped or overloaded";
    FiefError::Configuration(why.into())
}

/// Checks that user info belongs to the token and that the user is active
/// ([OpenID Connect Core, section 5.3.2](https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse)).
fn check_user(user: FiefUserInfo, token: &FiefAccessTokenInfo) -> UserResult {
    if user.sub != token.id() {
        let why = "user info is of another user than the access token";
        return Err(FiefError::ResponseInvalid(why));
    }
    if user.is_active == Some(false) {
        return Err(FiefError::UserInactive);
    }
    Ok(Arc::new(user))
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").finish_non_exhaustive()
    }
}

/// How many shared fetches are awaited that may be rejected for another token.
const MAX_JOINED: usize = 3;
/// How long a user is kept after the fetch, in case Fief fails.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
