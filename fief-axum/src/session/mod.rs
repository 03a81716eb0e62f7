//! The session: what a browser keeps from its login on.

mod authenticate;
mod begin;
mod config;
mod data;
mod end;
mod expiring;
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

#[cfg(feature = "tower-sessions")]
pub(crate) use self::tower_sessions::TowerSessions;
pub(crate) use self::{
    authenticate::{Fresh, current, refreshed, validate},
    begin::begin,
    config::{Refresh, SessionConfig},
    data::{Session, seconds},
    end::{end, end_user, leave},
    load::{Opened, Visit, read, write},
    records::Records,
    refreshes::Refreshes,
    revoked::Ended,
    sessions::Sessions,
    store::Store,
    wait::ended,
};
