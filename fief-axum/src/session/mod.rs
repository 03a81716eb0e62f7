//! Sessions: created by a login, loaded by each request that has its cookie,
//! refreshed, and revoked.
//!
//! A [`Session`] holds the tokens of a login. Without a session store, the
//! sealed session itself is in the browser's cookies. With one, a [`Store`]
//! holds the session and the cookie is a [`Ticket`](data::Ticket) with its ids.
//!
//! - [`create()`], [`load()`], [`authenticate()`] and [`destroy`] are what routes
//!   and extractors call.
//! - [`Refreshes`] makes sure that a refresh token is used once, although
//!   many requests may need it at the same time.
//! - [`Waiters`] are the streams that wait for the end of their session.
//! - [`RevocationList`] and the store know which sessions were revoked before
//!   they expired.
//!
//! # What ends a session
//!
//! | | without a store | with a store |
//! | --- | --- | --- |
//! | its lifetime, or the idle timeout | the times in its cookies | the times in its record, and the cookie |
//! | logout, `revoke_session` | this process remembers its id | its own record is deleted |
//! | `revoke_user_sessions`, an inactive user | this process remembers the user | the user's epoch is replaced |
//! | a record that is lost, foreign or copied | | the session is void |
//! | a replaced session key | the cookie cannot be opened | the cookie cannot be opened |
//!
//! No revocation compares the clocks of two machines. A process remembers a
//! revocation for a session's lifetime, among at most 100 000 others. Sessions
//! that it created itself after a revocation have a higher sequence number.
//!
//! # What writes cookies and records
//!
//! - The *session cookie* is written by a login and a refresh, and removed by a
//!   logout. A request with an ended session leaves it alone, since its response
//!   may arrive after one that sets a newer session.
//! - The *seen cookie* says when the session was last used, so that the idle
//!   timeout needs no write of the session. A response that took longer than 10
//!   seconds does not write it.
//! - A response has one writer: cookies that were collected while the request
//!   was handled give way to a login or a logout of its handler.
//! - The *session's record* is written by a login and a refresh. Its *own
//!   record* is created by the login only. The *epoch record* is created by the
//!   first login of its user, and replaced by a revocation. What was written is
//!   read back, since stores have no conditional writes.
//!
//! # When something fails
//!
//! - *The browser disconnects.* Refreshes and revocations are tasks of their own
//!   and are completed. Without a store, the next request within 30 seconds gets
//!   the refreshed session from this process.
//! - *The store fails.* Requests with a session are rejected with 503. A
//!   revocation counts in this process at once, and is tried again until the
//!   store has it. At most 1000 are pending.
//! - *The process ends.* Pending revocations are lost, which is why the logout
//!   says that it is incomplete. Between the token request of a refresh and the
//!   write of its record, the refresh token is lost: the session ends with its
//!   access token.
//! - *Another machine acts.* If it refreshes the same session, the one whose
//!   refresh token was used already waits about 2 seconds for the new record,
//!   if there is a sign of that refresh. If it revokes the session during a
//!   refresh, the own record is missing afterwards, and the new tokens are
//!   discarded.

mod authenticate;
mod config;
mod create;
mod data;
mod epoch;
mod expiring_map;
mod id;
mod lease;
mod load;
#[cfg(test)]
#[expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "it is a test")]
mod model;
mod record_store;
mod refresh;
mod refreshes;
mod revocation_list;
mod revoke;
mod seen;
mod sessions;
mod store;
mod token;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;
mod wait;

pub use self::id::SessionId;
#[cfg(feature = "tower-sessions")]
pub(crate) use self::tower_sessions::TowerSessions;
pub(crate) use self::{
    authenticate::authenticate,
    config::SessionConfig,
    create::create,
    data::{Session, random_id},
    load::{Loaded, SentCookies, load, write},
    record_store::RecordStore,
    refreshes::Refreshes,
    revocation_list::RevocationList,
    revoke::{destroy, revoke, revoke_user},
    sessions::Sessions,
    store::Store,
    token::access_token,
    wait::{Waiters, wait_for_end},
};
