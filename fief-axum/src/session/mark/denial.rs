//! Denial of tokens that are not a session's.

use std::{io, sync::Arc};

use fief_client::FiefAccessTokenInfo;
use uuid::Uuid;

use super::Marks;
use crate::{
    Error,
    session::{record_store::failed, sessions::Sessions},
};

impl Marks {
    /// Returns whether a token is denied, without awaiting. Without denials, it costs
    /// one atomic load.
    ///
    /// Returns `None` if its user has to be looked up in the store first.
    #[inline]
    pub(crate) fn try_is_denied(&self, token: &FiefAccessTokenInfo) -> Option<bool> {
        if self.config.is_shared {
            self.look_up_result(token.id(), self.now())?.ok()?;
        }
        Some(self.denies(token))
    }

    /// Returns the result of the latest look-up of a user, if it still counts.
    fn look_up_result(&self, user: Uuid, now: u64) -> Option<Result<(), Error>> {
        let (at, has_failed) = self.looked_up.get(&user)?;
        let age = now.checked_sub(at)?;
        match has_failed {
            false if age < PERIOD => Some(Ok(())),
            true if age < PAUSE => Some(Err(failed(io::Error::other(
                "the store failed a moment ago",
            )))),
            true | false => None,
        }
    }
}

/// Returns whether a token that is not a session's is denied. With a store, its
/// user is looked up once in 5 seconds.
///
/// # Errors
///
/// The store failed: whether the token is denied is unknown.
pub(crate) async fn is_denied(
    marks: &Arc<Marks>,
    sessions: Option<&Arc<Sessions>>,
    token: &FiefAccessTokenInfo,
) -> Result<bool, Error> {
    if let Some(sessions) = sessions.filter(|_| marks.config.is_shared) {
        let user = token.id();
        let cached = || marks.look_up_result(user, marks.now());
        let result = if let Some(result) = cached() {
            result
        } else {
            let work = || look_up(Arc::clone(marks), Arc::clone(sessions), user);
            let joined = marks.look_ups.join(user, cached, work).await;
            joined.map_err(failed)?.result
        };
        result?;
    }
    Ok(marks.denies(token))
}

/// Loads the mark of a user.
async fn look_up(marks: Arc<Marks>, sessions: Arc<Sessions>, user: Uuid) -> Result<(), Error> {
    // Before the load: what happens after it began is looked up next time.
    let now = marks.now();
    let result = match &sessions.store {
        Some(store) => match store.load_mark(user).await {
            Ok(Some(mark)) => marks.observe(user, &mark).await.map(drop),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        },
        None => Ok(()),
    };
    marks.looked_up.insert(user, (now, result.is_err()));
    result
}

/// How long a look-up counts, in seconds.
const PERIOD: u64 = 5;
/// How long a store that failed is left alone, in seconds, for each user.
const PAUSE: u64 = 1;
