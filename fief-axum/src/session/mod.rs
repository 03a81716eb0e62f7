//! The session: what a browser keeps from its login on.

mod authenticate;
mod begin;
mod config;
mod data;
mod end;
mod expiring;
mod id;
mod load;
mod records;
mod refresh;
mod refreshes;
mod revoked;
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
    begin::create,
    config::{Refresh, SessionConfig},
    data::{Session, seconds},
    end::{destroy, revoke, revoke_user},
    load::{Loaded, Opened, load, write},
    records::RecordStore,
    refreshes::Refreshes,
    revoked::RevocationList,
    sessions::Sessions,
    store::Store,
    wait::wait_for_end,
};
