//! The session: what a browser keeps from its login on.

mod authenticate;
mod config;
mod create;
mod data;
mod expiring_map;
mod id;
mod load;
mod record_store;
mod refresh;
mod refreshes;
mod revocation_list;
mod revoke;
mod sessions;
mod store;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;
mod wait;

pub use self::id::SessionId;
#[cfg(feature = "tower-sessions")]
pub(crate) use self::tower_sessions::TowerSessions;
pub(crate) use self::{
    authenticate::{Refreshed, authenticate, refresh_if_needed, validate},
    config::{Refresh, SessionConfig},
    create::create,
    data::{Session, seconds},
    load::{Loaded, SessionCookie, load, write},
    record_store::RecordStore,
    refreshes::Refreshes,
    revocation_list::RevocationList,
    revoke::{destroy, revoke, revoke_user},
    sessions::Sessions,
    store::Store,
    wait::wait_for_end,
};
