use std::time::{Duration, SystemTime};

use fief_client::{Fief, FiefAccessTokenInfo, FiefError, FiefUserInfo};
use quick_cache::sync::Cache;
use uuid::Uuid;

/// The users that Fief described lately.
#[derive(Debug)]
pub(crate) struct UserCache {
    users: Cache<Uuid, (SystemTime, FiefUserInfo)>,
}

impl UserCache {
    pub(crate) fn new() -> Self {
        Self {
            users: Cache::new(CAPACITY),
        }
    }

    /// Returns the user of a token, asking Fief when that was too long ago.
    pub(crate) async fn get(
        &self,
        fief: &Fief,
        token: &FiefAccessTokenInfo,
    ) -> Result<FiefUserInfo, FiefError> {
        let now = fief.now();
        if let Some((since, user)) = self.users.get(&token.id())
            && now.duration_since(since).is_ok_and(|age| age < MAX_AGE)
        {
            return Ok(user);
        }
        let user = fief.userinfo(token.access_token()).await?;
        if user.sub != token.id() {
            return Err(FiefError::ResponseInvalid(
                "the user is another than the token's",
            ));
        }
        if user.is_active == Some(false) {
            return Err(FiefError::UserInactive);
        }
        self.insert(now, user.clone());
        Ok(user)
    }

    pub(crate) fn insert(&self, now: SystemTime, user: FiefUserInfo) {
        self.users.insert(user.sub, (now, user));
    }
}

const CAPACITY: usize = 10_000;
const MAX_AGE: Duration = Duration::from_secs(5 * 60);
