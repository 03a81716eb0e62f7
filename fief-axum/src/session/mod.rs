//! Sessions: created by a login, loaded by each request that has its cookie,
//! refreshed, and revoked.
//!
//! A [`Session`] holds the tokens of a login. Without a session store, the
//! sealed session itself is in the browser's cookies. With one, a [`Store`]
//! holds the session and the cookie is a [`Ticket`](store::Ticket) with its id.
//!
//! - [`create()`], [`load()`], [`authenticate()`] and [`destroy`] are what routes
//!   and extractors call.
//! - [`Refreshes`] makes sure that a refresh token is used once, although
//!   many requests may need it at the same time.
//! - [`RevocationList`] and the store know which sessions were revoked before
//!   they expired.

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
    config::SessionConfig,
    create::create,
    data::Session,
    load::{Loaded, SessionCookie, load, write},
    record_store::RecordStore,
    refreshes::Refreshes,
    revocation_list::RevocationList,
    revoke::{destroy, revoke, revoke_user},
    sessions::Sessions,
    store::Store,
    wait::wait_for_end,
};
