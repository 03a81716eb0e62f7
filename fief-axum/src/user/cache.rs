use std::{fmt, pin::Pin, time::Duration};

use fief_client::FiefUserInfo;
use uuid::Uuid;

/// Where user info is kept between requests: [`FiefAuthBuilder::user_cache`](crate::FiefAuthBuilder::user_cache) takes
/// one, such as a Redis that several machines share.
///
/// What cannot be read or written is as good as not there: an implementation logs its errors.
///
/// ```
/// use std::{collections::HashMap, sync::Mutex, time::Duration};
/// use fief_axum::{FiefAuth, UserCache, UserKey};
/// use fief_client::{Fief, FiefUserInfo};
///
/// #[derive(Default)]
/// struct Shared {
///     users: Mutex<HashMap<String, String>>, // stands for a connection
/// }
///
/// impl UserCache for Shared {
///     async fn get(&self, key: &UserKey) -> Option<FiefUserInfo> {
///         let users = self.users.lock().ok()?;
///         serde_json::from_str(users.get(&key.to_string())?).ok()
///     }
///     async fn insert(&self, key: &UserKey, user: &FiefUserInfo, _ttl: Duration) {
///         if let (Ok(mut users), Ok(user)) = (self.users.lock(), serde_json::to_string(user)) {
///             users.insert(key.to_string(), user);
///         }
///     }
///     async fn remove(&self, key: &UserKey) {
///         if let Ok(mut users) = self.users.lock() {
///             users.remove(&key.to_string());
///         }
///     }
/// }
///
/// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
/// let auth = FiefAuth::builder(fief).user_cache(Shared::default()).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait UserCache: Send + Sync + 'static {
    /// Returns a user who was put in less than the time to live ago.
    fn get(&self, key: &UserKey) -> impl Future<Output = Option<FiefUserInfo>> + Send;

    /// Puts a user in, for this long at most.
    fn insert(
        &self,
        key: &UserKey,
        user: &FiefUserInfo,
        time_to_live: Duration,
    ) -> impl Future<Output = ()> + Send;

    /// Takes a user out.
    fn remove(&self, key: &UserKey) -> impl Future<Output = ()> + Send;
}

/// Who a user is: the tenant's issuer and the user's id there. Displayed with a space between them.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct UserKey {
    /// The issuer of the tenant.
    pub issuer: String,
    /// The user's id, `sub` in tokens.
    pub id: Uuid,
}

impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.issuer, self.id)
    }
}

/// A [`UserCache`] of any type.
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
