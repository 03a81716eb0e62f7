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
use uuid::Uuid;

use self::{cache::DynUserCache, memory::MemoryCache};
use crate::{
    UserKey,
    flight::{FlightError, Joined, SingleFlight},
    metrics,
};

/// The users that Fief described lately.
pub(crate) struct Users {
    pub(crate) store: Store,
    pub(crate) time_to_live: Duration,
    refusals: Cache<Uuid, NegativeEntry>,
    flights: SingleFlight<Uuid, UserResult>,
    /// Counts what became cached or was forgotten since, of a part of the users each.
    versions: [AtomicU64; 64],
}

pub(crate) enum Store {
    Memory(MemoryCache),
    Custom(Box<dyn DynUserCache>),
}

/// Fief did not want to describe the user to this token.
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

    /// Returns the user of a token, asking Fief when that was too long ago.
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
                    // Another request may have ended between the look and this one's start.
                    match users.cached(&fief, &token).await {
                        Some(cached) => cached,
                        None => users.fetch(&fief, &token).await,
                    }
                }
            };
            let joined = users.flights.join(token.id(), || None, work).await;
            let Joined { result, is_own } = joined.map_err(|FlightError| {
                FiefError::Configuration("user info needs a tokio runtime that runs".into())
            })?;
            match result {
                // The answer may be about another token of the same user.
                Err(error) if !is_own && is_refusal(&error) => {}
                Ok(_) | Err(_) => return result,
            }
        }
        users.fetch(fief, token).await
    }

    /// Returns what Fief said about the user of a token lately.
    async fn cached(&self, fief: &Fief, token: &FiefAccessTokenInfo) -> Option<UserResult> {
        if let Some(user) = self.lookup(fief, token.id()).await {
            metrics::user("cache");
            return Some(Ok(user));
        }
        self.cached_refusal(fief.now(), token).map(Err)
    }

    /// Returns the user of a token as Fief describes them now.
    pub(crate) async fn fetch(&self, fief: &Fief, token: &FiefAccessTokenInfo) -> UserResult {
        metrics::user("fief");
        let id = token.id();
        let version = self.versions(id).load(Ordering::Acquire);
        let user = match fief.userinfo(token.access_token()).await {
            Ok(user) => user,
            Err(error) if is_refusal(&error) => {
                return Err(self.cache_refusal(fief, token, error).await);
            }
            // It says nothing about the user.
            Err(error) => return Err(error),
        };
        if let Err(error) = check_user(&user, token) {
            return Err(self.cache_refusal(fief, token, error).await);
        }
        self.insert(fief, &user).await;
        // Of what changed in the meantime this answer may know nothing.
        if self.versions(id).load(Ordering::Acquire) != version {
            self.remove(fief, id).await;
        }
        Ok(user)
    }

    /// Takes in what Fief, or the user themselves, just said.
    pub(crate) async fn update(&self, fief: &Fief, user: &FiefUserInfo) {
        self.versions(user.sub).fetch_add(1, Ordering::AcqRel);
        self.insert(fief, user).await;
    }

    /// Forgets a user, whatever is under way.
    pub(crate) async fn invalidate(&self, fief: &Fief, id: Uuid) {
        self.versions(id).fetch_add(1, Ordering::AcqRel);
        self.flights.remove(&id);
        self.remove(fief, id).await;
    }

    /// Forgets a user whom Fief does not describe, and who else asks for a moment.
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
                    cache.insert(&key, user, self.time_to_live).await;
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
            Store::Custom(cache) => cache.get(&user_key(fief, id).await?).await,
        };
        // A cache of the application's own may hold anything.
        found.filter(|user| user.sub == id && user.is_active != Some(false))
    }

    async fn remove(&self, fief: &Fief, id: Uuid) {
        match &self.store {
            Store::Memory(memory) => memory.remove(id),
            Store::Custom(cache) => {
                if let Some(key) = user_key(fief, id).await {
                    cache.remove(&key).await;
                }
            }
        }
    }

    /// What Fief said a moment ago, if it holds for this token too.
    fn cached_refusal(&self, now: SystemTime, token: &FiefAccessTokenInfo) -> Option<FiefError> {
        let refusal = self.refusals.get(&token.id())?;
        let age = now.duration_since(refusal.refused_at);
        let is_same = matches!(refusal.error, FiefError::UserInactive)
            || refusal.token.access_token() == token.access_token();
        (is_same && age.is_ok_and(|age| age < REFUSAL_LIFETIME)).then_some(refusal.error)
    }
}

fn check_user(user: &FiefUserInfo, token: &FiefAccessTokenInfo) -> Result<(), FiefError> {
    if user.sub != token.id() {
        let why = "the user is another than the token's";
        return Err(FiefError::ResponseInvalid(why));
    }
    if user.is_active == Some(false) {
        return Err(FiefError::UserInactive);
    }
    Ok(())
}

fn is_refusal(error: &FiefError) -> bool {
    matches!(error, FiefError::UserInactive) || error.status().is_some_and(|status| status == 401)
}

/// Known since the first token was validated, so nothing is fetched.
async fn user_key(fief: &Fief, id: Uuid) -> Option<UserKey> {
    let issuer = fief.issuer().await.ok()?.to_owned();
    Some(UserKey { issuer, id })
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").finish_non_exhaustive()
    }
}

/// How many answers about other tokens, or none, are waited for.
const MAX_JOINED: usize = 3;
const MAX_REFUSALS: usize = 10_000;
const REFUSAL_LIFETIME: Duration = Duration::from_secs(5);
