use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Id of a session, as [`CurrentSession::id`](crate::CurrentSession::id) returns it and
/// [`FiefAuth::revoke_session`](crate::FiefAuth::revoke_session) takes it.
///
/// It is not a secret: applications may store it and show it in a list of the user's devices. Its text is that of a UUID.
///
/// ```
/// use fief_axum::SessionId;
///
/// let id: SessionId = "ca19f041-618e-417a-a68a-3840a568fb8f".parse()?;
/// assert_eq!(id.to_string(), "ca19f041-618e-417a-a68a-3840a568fb8f");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct SessionId(Uuid);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<SessionId> for Uuid {
    fn from(id: SessionId) -> Self {
        id.0
    }
}

impl From<Uuid> for SessionId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl FromStr for SessionId {
    type Err = uuid::Error;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        id.parse().map(Self)
    }
}
