use uuid::Uuid;

/// The session of a browser that logged in.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) user: Uuid,
    pub(crate) tenant: String,
    pub(crate) auth_time: u64,
}
