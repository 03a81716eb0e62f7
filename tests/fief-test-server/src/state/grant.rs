use uuid::Uuid;

use super::authorize_request::Challenge;

/// Grant that an authorization code or a refresh token stands for.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) user: Uuid,
    pub(crate) scope: Vec<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) acr: &'static str,
    pub(crate) auth_time: u64,
}
