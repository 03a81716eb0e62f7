use std::time::{Duration, SystemTime};

use fief_client::{FiefAccessTokenInfo, FiefError};
use quick_cache::sync::Cache;
use uuid::Uuid;

/// By user, how the last request for user info failed. A success removes it.
pub(super) struct Failures {
    latest: Cache<Uuid, Failure>,
}

#[derive(Clone)]
struct Failure {
    at: SystemTime,
    token: FiefAccessTokenInfo,
    error: FiefError,
}

/// What the last request for a user says about the next one.
pub(super) enum LastRequest {
    /// It failed moments ago, for any reason: Fief is left alone.
    Failed(FiefError),
    /// It failed.
    FailedBefore,
    /// Fief rejected this token or user moments ago.
    Rejected(FiefError),
    /// It succeeded, or there was none.
    Succeeded,
}

impl Failures {
    pub(super) fn new() -> Self {
        Self {
            latest: Cache::new(MAX_USERS),
        }
    }

    pub(super) fn record(&self, now: SystemTime, token: &FiefAccessTokenInfo, error: &FiefError) {
        let failure = Failure {
            at: now,
            token: token.clone(),
            error: error.clone(),
        };
        self.latest.insert(token.id(), failure);
    }

    pub(super) fn remove(&self, id: Uuid) {
        self.latest.remove(&id);
    }

    /// Returns how the last request for the user of this token ended.
    pub(super) fn last_request(&self, now: SystemTime, token: &FiefAccessTokenInfo) -> LastRequest {
        let Some(Failure {
            at,
            token: of,
            error,
        }) = self.latest.get(&token.id())
        else {
            return LastRequest::Succeeded;
        };
        let is_recent = now.duration_since(at).is_ok_and(|age| age < PAUSE);
        let is_of_token = of.access_token() == token.access_token();
        match (is_rejection(&error), is_recent) {
            // An inactive user is rejected with any token.
            (true, true) if is_of_token || matches!(error, FiefError::UserInactive) => {
                LastRequest::Rejected(error)
            }
            (true, _) => LastRequest::Succeeded,
            (false, true) => LastRequest::Failed(error),
            (false, false) => LastRequest::FailedBefore,
        }
    }
}

/// Returns whether Fief rejected the user or the token, rather than failed.
pub(super) fn is_rejection(error: &FiefError) -> bool {
    matches!(error, FiefError::UserInactive) || error.status().is_some_and(|status| status == 401)
}

const MAX_USERS: usize = 10_000;
/// How long after a failure no other request is sent for the user.
const PAUSE: Duration = Duration::from_secs(5);
