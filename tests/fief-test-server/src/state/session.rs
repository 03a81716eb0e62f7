use uuid::Uuid;

/// Session of a browser with a tenant.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) user: Uuid,
    pub(crate) tenant: String,
    pub(crate) auth_time: u64,
}
