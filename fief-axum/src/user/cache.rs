use std::{fmt, pin::Pin, time::Duration};

use fief_client::{Fief, FiefUserInfo};
use tokio::{runtime::Handle, time::timeout};
use uuid::Uuid;

use crate::{
    catch_panic::{Panicked, catch_panic},
    log::limited,
};

/// Trait of caches for user info, given to
/// [`FiefAuthBuilder::user_cache`](crate::FiefAuthBuilder::user_cache).
///
/// Implement it to share user info between machines, for example with Redis.
/// Without it, each process has a cache of its own.
///
/// Implementations should treat errors as cache misses, and log them. Requests
/// wait for the cache, so give its operations a timeout. An
/// operation that takes longer than 2 seconds is given up.
///
/// Keep user info confidential: it contains e-mail addresses and the custom
/// fields of users. A user that the cache returns is trusted, except that
/// the id must be that of the key.
///
/// # Example
///
/// A cache that stores JSON:
///
/// ```
/// use std::{collections::HashMap, sync::Mutex, time::Duration};
///
/// use fief_axum::fief_client::{Fief, FiefUserInfo};
/// use fief_axum::{FiefAuth, UserCache, UserKey};
///
/// #[derive(Default)]
/// struct JsonCache {
///     // Stands for a connection to Redis.
///     users: Mutex<HashMap<String, String>>,
/// }
///
/// impl UserCache for JsonCache {
///     async fn get(&self, key: &UserKey) -> Option<FiefUserInfo> {
///         let users = self.users.lock().ok()?;
///         serde_json::from_str(users.get(&key.to_string())?).ok()
///     }
///
///     async fn insert(&self, key: &UserKey, user: &FiefUserInfo, _time_to_live: Duration) {
///         if let (Ok(mut users), Ok(user)) = (self.users.lock(), serde_json::to_string(user)) {
///             users.insert(key.to_string(), user);
///         }
///     }
///
///     async fn remove(&self, key: &UserKey) {
///         if let Ok(mut users) = self.users.lock() {
///             users.remove(&key.to_string());
///         }
///     }
/// }
///
/// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
/// let auth = FiefAuth::builder(fief).user_cache(JsonCache::default()).build()?;
/// # let _ = auth;
/// # Ok::<(), fief_axum::Error>(())
/// ```
pub trait UserCache: Send + Sync + 'static {
    /// Returns a user that was inserted and has not expired, or `None`.
    fn get(&self, key: &UserKey) -> impl Future<Output = Option<FiefUserInfo>> + Send;

    /// Inserts or replaces a user, to expire after `time_to_live`.
    ///
    /// `time_to_live` is the one set by
    /// [`user_cache_ttl`](crate::FiefAuthBuilder::user_cache_ttl).
    fn insert(
        &self,
        key: &UserKey,
        user: &FiefUserInfo,
        time_to_live: Duration,
    ) -> impl Future<Output = ()> + Send;

    /// Removes a user, for example after
    /// [`FiefAuth::invalidate_user`](crate::FiefAuth::invalidate_user).
    fn remove(&self, key: &UserKey) -> impl Future<Output = ()> + Send;
}

/// Key of a [`UserCache`]: the issuer of a tenant and the id of a user.
///
/// The issuer keeps users of several Fief servers that share a cache apart.
/// `Display` writes the issuer and the id, separated by a space.
///
/// # Example
///
/// ```
/// use fief_axum::UserKey;
///
/// let key = UserKey::new(
///     "https://fief.example.com",
///     "ca19f041-618e-417a-a68a-3840a568fb8f".parse()?,
/// );
/// assert_eq!(
///     key.to_string(),
///     "https://fief.example.com ca19f041-618e-417a-a68a-3840a568fb8f",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct UserKey {
    /// The issuer of the tenant.
    pub issuer: String,
    /// The user's id, `sub` in tokens.
    pub id: Uuid,
}

impl UserKey {
    /// Creates a key, for tests of a [`UserCache`].
    #[must_use]
    pub fn new(issuer: impl Into<String>, id: Uuid) -> Self {
        Self {
            issuer: issuer.into(),
            id,
        }
    }

    /// Returns the key of a user. The issuer was fetched when the token was validated.
    pub(super) async fn of(fief: &Fief, id: Uuid) -> Option<Self> {
        Some(Self::new(fief.issuer().await.ok()?, id))
    }
}

impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.issuer, self.id)
    }
}

/// [`UserCache`] as a trait object, since a trait with async functions cannot
/// be one.
pub(crate) trait DynUserCache: Send + Sync {
    fn get<'a>(&'a self, key: &'a UserKey) -> BoxFuture<'a, Option<FiefUserInfo>>;
    fn insert<'a>(
        &'a self,
        key: &'a UserKey,
        user: &'a FiefUserInfo,
        time_to_live: Duration,
    ) -> BoxFuture<'a, ()>;
    fn remove<'a>(&'a self, key: &'a UserKey) -> BoxFuture<'a, ()>;
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl<C: UserCache> DynUserCache for C {
    fn get<'a>(&'a self, key: &'a UserKey) -> BoxFuture<'a, Option<FiefUserInfo>> {
        Box::pin(UserCache::get(self, key))
    }

    fn insert<'a>(
        &'a self,
        key: &'a UserKey,
        user: &'a FiefUserInfo,
        time_to_live: Duration,
    ) -> BoxFuture<'a, ()> {
        Box::pin(UserCache::insert(self, key, user, time_to_live))
    }

    fn remove<'a>(&'a self, key: &'a UserKey) -> BoxFuture<'a, ()> {
        Box::pin(UserCache::remove(self, key))
    }
}

/// Awaits a custom cache, but not for long: returns `None` if it does not
/// respond in time or panics, which is logged.
pub(super) async fn in_time<T>(operation: impl Future<Output = T>) -> Option<T> {
    if Handle::try_current().is_err() {
        limited!(
            error,
            process,
            "the user cache is not used, since no Tokio runtime is running"
        );
        return None;
    }
    timeout(CACHE_TIMEOUT, catch_panic(operation))
        .await
        .inspect_err(|_| {
            limited!(
                error,
                process,
                "the user cache does not respond within 2 seconds"
            );
        })
        .ok()?
        .inspect_err(|Panicked| limited!(error, process, "the user cache panicked"))
        .ok()
}

/// How long a custom cache may take.
const CACHE_TIMEOUT: Duration = Duration::from_secs(2);
