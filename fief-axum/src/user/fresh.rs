//! User info that was fetched after it was requested.

use std::sync::Arc;

use fief_client::{Fief, FiefAccessTokenInfo};

use super::{
    MAX_JOINED, UserResult, Users,
    failures::{LastRequest, is_rejection},
    not_run,
};
use crate::flight::Joined;

impl Users {
    /// Fetches the user of a token from Fief, unless that failed moments ago, and
    /// caches the result.
    ///
    /// Of each user one request is in flight, however many callers there are. Those
    /// that arrive meanwhile share the next one: the user may have changed since
    /// the first was sent.
    pub(crate) async fn get_fresh(
        users: &Arc<Self>,
        fief: &Fief,
        token: &FiefAccessTokenInfo,
    ) -> UserResult {
        let mut is_first = true;
        for _ in 0..=MAX_JOINED {
            match users.failures.last_request(fief.now(), token) {
                LastRequest::Failed(error) => return Err(error),
                LastRequest::FailedBefore | LastRequest::Rejected(_) | LastRequest::Succeeded => {}
            }
            let work = || {
                let (users, fief, token) = (Arc::clone(users), fief.clone(), token.clone());
                async move { users.fetch(&fief, &token).await }
            };
            let joined = users.fresh_flights.join(token.id(), || None, work).await;
            let Joined {
                result,
                started_here,
            } = joined.map_err(not_run)?;
            let is_usable = match &result {
                // The rejection may be of another token of the same user.
                Err(error) if is_rejection(error) => started_here,
                Ok(_) | Err(_) => started_here || !is_first,
            };
            if is_usable {
                return result;
            }
            is_first = false;
        }
        users.fetch(fief, token).await
    }
}
