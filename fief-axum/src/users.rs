use std::{
    collections::HashMap,
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use fief_client::{Fief, FiefAccessTokenInfo, FiefError, FiefUserInfo};
use quick_cache::sync::Cache;
use tokio::{runtime::Handle, sync::watch, time::timeout};
use uuid::Uuid;

use crate::{
    FiefAuth, FiefAuthBuilder, UserCache, UserKey, metrics,
    user_cache::{AnyUserCache, Memory},
};

impl FiefAuthBuilder {
    /// Keeps user info in a cache of the application's own. Default: in this process, 10 000 users and 32 MiB at most.
    pub fn user_cache(mut self, cache: impl UserCache) -> Self {
        self.users.store = Store::Other(Box::new(cache));
        self
    }

    /// Sets for how long user info is taken from the cache. Default: 5 minutes. With zero, Fief is asked each time.
    pub fn user_cache_ttl(mut self, time_to_live: Duration) -> Self {
        self.users.time_to_live = time_to_live;
        self
    }
}

impl FiefAuth {
    /// Forgets what is known of a user, so that Fief is asked next time: after the user was changed.
    pub async fn forget_user(&self, id: Uuid) {
        self.users().forget(self.fief(), id).await;
    }
}

/// The users that Fief described lately.
pub(crate) struct Users {
    store: Store,
    time_to_live: Duration,
    refused: Cache<Uuid, Refused>,
    under_way: Mutex<HashMap<Uuid, Flight>>,
    /// Counts what became known or was forgotten since, of a part of the users each.
    changes: [AtomicU64; 64],
}

enum Store {
    Memory(Memory),
    Other(Box<dyn AnyUserCache>),
}

/// Fief did not want to describe the user to this token.
#[derive(Clone)]
struct Refused {
    since: SystemTime,
    token: FiefAccessTokenInfo,
    error: FiefError,
}

type Landed = Result<FiefUserInfo, FiefError>;
type Flight = watch::Receiver<Option<Landed>>;

impl Users {
    pub(crate) fn new() -> Self {
        Self {
            store: Store::Memory(Memory::new()),
            time_to_live: Duration::from_secs(5 * 60),
            refused: Cache::new(REFUSED),
            under_way: Mutex::new(HashMap::new()),
            changes: [const { AtomicU64::new(0) }; 64],
        }
    }

    /// Returns the user of a token, asking Fief when that was too long ago.
    pub(crate) async fn get(auth: &FiefAuth, token: &FiefAccessTokenInfo) -> Landed {
        let users = auth.users();
        for _ in 0..MAX_JOINED {
            if let Some(user) = users.find(auth.fief(), token.id()).await {
                metrics::user("cache");
                return Ok(user);
            }
            if let Some(error) = users.refusal(auth.fief().now(), token) {
                return Err(error);
            }
            let (flight, is_own) = users.join(auth, token)?;
            match land(flight.clone()).await {
                // The answer may be about another token of the same user.
                Some(Err(error)) if !is_own && is_refusal(&error) => {}
                Some(landed) => return landed,
                None => users.give_up(token.id(), &flight),
            }
        }
        users.fetch(auth.fief(), token).await
    }

    /// Returns the user of a token as Fief describes them now.
    pub(crate) async fn fetch(&self, fief: &Fief, token: &FiefAccessTokenInfo) -> Landed {
        metrics::user("fief");
        let id = token.id();
        let begun = self.changes(id).load(Ordering::Acquire);
        let user = match fief.userinfo(token.access_token()).await {
            Ok(user) => user,
            Err(error) if is_refusal(&error) => return Err(self.refuse(fief, token, error).await),
            // It says nothing about the user.
            Err(error) => return Err(error),
        };
        if let Err(error) = check(&user, token) {
            return Err(self.refuse(fief, token, error).await);
        }
        self.insert(fief, &user).await;
        // Of what changed in the meantime this answer may know nothing.
        if self.changes(id).load(Ordering::Acquire) != begun {
            self.remove(fief, id).await;
        }
        Ok(user)
    }

    /// Takes in what Fief, or the user themselves, just said.
    pub(crate) async fn learn(&self, fief: &Fief, user: &FiefUserInfo) {
        self.changes(user.sub).fetch_add(1, Ordering::AcqRel);
        self.insert(fief, user).await;
    }

    /// Forgets a user, whatever is under way.
    async fn forget(&self, fief: &Fief, id: Uuid) {
        self.changes(id).fetch_add(1, Ordering::AcqRel);
        self.lock().remove(&id);
        self.remove(fief, id).await;
    }

    /// Forgets a user whom Fief does not describe, and who else asks for a moment.
    async fn refuse(
        &self,
        fief: &Fief,
        token: &FiefAccessTokenInfo,
        error: FiefError,
    ) -> FiefError {
        self.remove(fief, token.id()).await;
        if is_refusal(&error) {
            let refused = Refused {
                since: fief.now(),
                token: token.clone(),
                error: error.clone(),
            };
            self.refused.insert(token.id(), refused);
        }
        error
    }

    fn changes(&self, id: Uuid) -> &AtomicU64 {
        let [.., last] = id.into_bytes();
        let [first, ..] = &self.changes;
        self.changes.get(usize::from(last % 64)).unwrap_or(first)
    }

    async fn insert(&self, fief: &Fief, user: &FiefUserInfo) {
        self.refused.remove(&user.sub);
        match &self.store {
            Store::Memory(memory) => memory.insert(fief.now(), user),
            Store::Other(cache) => {
                if let Some(key) = key(fief, user.sub).await {
                    cache.insert(&key, user, self.time_to_live).await;
                }
            }
        }
    }

    async fn find(&self, fief: &Fief, id: Uuid) -> Option<FiefUserInfo> {
        if self.time_to_live.is_zero() {
            return None;
        }
        let found = match &self.store {
            Store::Memory(memory) => memory.get(id, fief.now(), self.time_to_live),
            Store::Other(cache) => cache.get(&key(fief, id).await?).await,
        };
        // A cache of the application's own may hold anything.
        found.filter(|user| user.sub == id && user.is_active != Some(false))
    }

    async fn remove(&self, fief: &Fief, id: Uuid) {
        match &self.store {
            Store::Memory(memory) => memory.remove(id),
            Store::Other(cache) => {
                if let Some(key) = key(fief, id).await {
                    cache.remove(&key).await;
                }
            }
        }
    }

    /// What Fief said a moment ago, if it holds for this token too.
    fn refusal(&self, now: SystemTime, token: &FiefAccessTokenInfo) -> Option<FiefError> {
        let refused = self.refused.get(&token.id())?;
        let age = now.duration_since(refused.since);
        let is_same = matches!(refused.error, FiefError::UserInactive)
            || refused.token.access_token() == token.access_token();
        (is_same && age.is_ok_and(|age| age < REFUSED_FOR)).then_some(refused.error)
    }

    /// Joins the request that is under way for the user, or starts one that survives its caller.
    fn join(
        &self,
        auth: &FiefAuth,
        token: &FiefAccessTokenInfo,
    ) -> Result<(Flight, bool), FiefError> {
        let runtime = Handle::try_current()
            .map_err(|_| FiefError::Configuration("user info needs a tokio runtime".into()))?;
        let mut under_way = self.lock();
        let current = under_way.get(&token.id());
        if let Some(flight) = current.filter(|flight| flight.borrow().is_none()) {
            return Ok((flight.clone(), false));
        }
        let (sender, flight) = watch::channel(None);
        under_way.insert(token.id(), flight.clone());
        // A runtime that shuts down drops the work at once, which ends the flight.
        drop(under_way);
        let landing = Landing {
            auth: auth.clone(),
            id: token.id(),
            flight: flight.clone(),
        };
        let token = token.clone();
        runtime.spawn(async move {
            let users = landing.auth.users();
            let landed = users.fetch(landing.auth.fief(), &token).await;
            sender.send_replace(Some(landed));
        });
        Ok((flight, true))
    }

    /// Lets the next one start a flight of their own.
    fn give_up(&self, id: Uuid, flight: &Flight) {
        let mut under_way = self.lock();
        // Since the user was forgotten there may be another one.
        let current = under_way.get(&id);
        if current.is_some_and(|current| current.same_channel(flight)) {
            under_way.remove(&id);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Flight>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a flight, whatever becomes of it.
struct Landing {
    auth: FiefAuth,
    id: Uuid,
    flight: Flight,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.auth.users().give_up(self.id, &self.flight);
    }
}

/// Waits for an answer; none when the runtime that was to bring it is gone or stands still.
async fn land(mut flight: Flight) -> Option<Landed> {
    let landing = flight.wait_for(Option::is_some);
    timeout(PATIENCE, landing).await.ok()?.ok()?.clone()
}

fn check(user: &FiefUserInfo, token: &FiefAccessTokenInfo) -> Result<(), FiefError> {
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
async fn key(fief: &Fief, id: Uuid) -> Option<UserKey> {
    let issuer = fief.issuer().await.ok()?.to_owned();
    Some(UserKey { issuer, id })
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").finish_non_exhaustive()
    }
}

/// More than the time-outs of a request to Fief add up to.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many answers about other tokens, or none, are waited for.
const MAX_JOINED: usize = 3;
const REFUSED: usize = 10_000;
const REFUSED_FOR: Duration = Duration::from_secs(5);
