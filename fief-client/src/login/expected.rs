use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{FiefAcr, secret::expose_some};

/// What tokens must match to belong to a request.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    #[serde(serialize_with = "expose_some")]
    pub(crate) nonce: Option<SecretString>,
    /// The exchanged code. `None` for a refresh.
    #[serde(serialize_with = "expose_some")]
    pub(crate) code: Option<SecretString>,
    pub(crate) acr: Option<FiefAcr>,
    /// The greatest age of the login when the tokens were received.
    pub(crate) max_age: Option<Duration>,
    /// The user, if already known.
    pub(crate) user: Option<Uuid>,
    /// The time of the login in seconds of Unix time, if already known.
    pub(crate) auth_time: Option<u64>,
    /// When the tokens were received, in seconds of Unix time.
    pub(crate) received_at: u64,
}
