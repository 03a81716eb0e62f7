//! The session: what a browser keeps from its login on.

mod begin;
mod config;
mod current;
mod data;
mod end;
mod ended;
mod expiring;
mod records;
mod refresh;
mod refreshes;
mod sessions;
mod store;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;
mod visit;
mod watch;

#[cfg(feature = "tower-sessions")]
pub(crate) use self::tower_sessions::TowerSessions;
pub(crate) use self::{
    begin::begin,
    config::{Refresh, SessionConfig},
    current::{Fresh, current, refreshed, validate},
    data::{Session, seconds},
    end::{end, end_user, leave},
    ended::Ended,
    records::Records,
    refreshes::Refreshes,
    sessions::Sessions,
    store::Store,
    visit::{Opened, Visit, read, write},
    watch::ended,
};
