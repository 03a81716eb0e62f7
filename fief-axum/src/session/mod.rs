//! Sessions: created by a login, loaded by each request that has its cookie,
//! refreshed, and revoked.
//!
//! A [`Session`] holds the tokens of a login. Without a session store, the
//! sealed session itself is in the browser's cookies. With one, a [`Store`]
//! holds the session and the cookie is a [`Ticket`](data::Ticket) with its ids.
//!
//! - [`create()`], [`load()`], [`authenticate()`] and [`destroy`] are what routes
//!   and extractors call. [`try_authenticate`] is a shorter way for most requests:
//!   the session is in cookies that were opened before, and nothing is to be done.
//!   Of a session in a store, the records are loaded, and opened if they have changed.
//! - [`Refreshes`] makes sure that a refresh token is used once, although
//!   many requests may need it at the same time.
//! - [`Waiters`] are the streams that wait for the end of their session.
//! - [`RevocationList`] and the store know which sessions were revoked before
//!   they expired.
//! - [`mark`] is what webhooks and the application have said about users. It ends
//!   no session, and revives none.
//!
//! # States of a session
//!
//! A session is *active* from its login on. While it is active its tokens may
//! be *to be refreshed*, *in flight*, or *unfinished*: received from Fief, but not
//! verified or not saved yet. It is *void* once one of these holds:
//!
//! | what ends it | without a store | with a store |
//! | --- | --- | --- |
//! | its lifetime, or the idle timeout | the times in its cookies | the times in its record, and the cookie |
//! | 24 hours without a login or refresh | a refresh must succeed first | the same |
//! | logout, `revoke_session` | this process remembers its id | its own record is deleted |
//! | `revoke_user_sessions`, an inactive user | this process remembers the user | the user's epoch is replaced |
//! | a record that is lost, foreign or copied | | the session is void |
//! | a replaced session key | the cookie cannot be opened | the cookie cannot be opened |
//!
//! With a store, no revocation compares clocks: what ends a session is that a
//! record is missing or different, and only a login creates it. Without one, the
//! process orders its own sessions by a counter, and those of other processes by
//! time.
//!
//! # What writes cookies and records
//!
//! - The *session cookie* is written by a login and a refresh, and removed by a
//!   logout. A request with an ended session leaves it alone, since its response
//!   may arrive after one that sets a newer session. A refreshed session that
//!   another response has written is not written again once it is to be
//!   refreshed again: the browser may have a newer one, of another process.
//! - The *seen cookie* says when the session was last used, so that the idle
//!   timeout needs no write of the session. A response that took longer than 10
//!   seconds does not write it.
//! - A response has one writer: cookies that were collected while the request
//!   was handled give way to a login or a logout of its handler.
//! - The *session's record* is written by a login and a refresh. Its *own
//!   record* is created by the login only. The *epoch record* is created by the
//!   first login of its user, and replaced by a revocation. Two *records of a
//!   refresh* say which processes have begun it. What was written is read back,
//!   since stores have no conditional writes.
//! - The *record of an attempt* is created by the callback of a login before its
//!   code is sent, and saved when the login has ended or is kept. Another one
//!   says which process completes a login that was kept, and a third one that the
//!   browser has logged out.
//!
//! # What is remembered, and for how long
//!
//! | what | where | how long | bound |
//! | --- | --- | --- | --- |
//! | session, without a store | cookies | its lifetime | 6.5 KB |
//! | session and own record | store | its lifetime | the tokens, the application's value (4 KB), and about 150 bytes |
//! | epoch of a user | store | 5 years | about 150 bytes |
//! | records of a refresh | store | 10 minutes | two of about 150 bytes |
//! | record of an attempt | store | 11 minutes | about 850 bytes, with kept tokens about 6 KB |
//! | attempts that were used | process | 11 minutes | 100 000, about 80 bytes each |
//! | sessions that a callback has created | process | 30 seconds | 1000, 6.5 KB each |
//! | logins that are in flight or kept | process, and the record if there is a store | 10 minutes | 1000, about 5 KB each |
//! | outcome of a refresh | process | 30 seconds, a failure 5 | 100 000, about 3 KB each, and the application's value |
//! | refresh tokens that were used | process | 24 hours | 100 000, about 50 bytes each |
//! | unfinished refreshes | process | 10 minutes | 10 000, about 5 KB each |
//! | tokens that are not verified yet | record | 10 minutes, and longer while Fief's keys cannot be fetched | about 5 KB |
//! | revoked sessions and users | process | a session's lifetime and a minute | 100 000 each, about 100 bytes |
//! | sessions that were opened, without refresh tokens but those in sealed records | process | while they are used | 100 000, and 32 MiB |
//! | revocations that the store does not have | process | a session's lifetime | 1000 sessions and users |
//!
//! # When something fails
//!
//! - *The browser disconnects.* Refreshes and revocations are tasks of their own
//!   and are completed. Without a store, the next request within 30 seconds gets
//!   the refreshed session from this process.
//! - *The store fails.* Requests with a session are rejected with 503. A
//!   revocation counts in this process at once, and is tried again until the
//!   store has it. A refreshed session is kept and saved later; until then its
//!   requests are rejected with 503, unless the token of before is still valid.
//! - *Fief's keys cannot be fetched.* The tokens of a refresh are kept until they
//!   can be verified: in the session's record, where any machine can go on, or
//!   in this process.
//! - *The application's hook of refreshes fails.* Nothing was sent to Fief: the
//!   session is kept as if Fief was unreachable.
//! - *The process ends.* Pending revocations are lost, which is why the logout
//!   says that it is incomplete. Between the token request of a refresh and the
//!   write of its record, the refresh token is lost: the session ends with its
//!   access token. Without a store, so are revocations and unfinished refreshes.
//! - *Another machine acts.* If it refreshes the same session, the one whose
//!   refresh token was used already waits about 2 seconds for the new record,
//!   if there is a record of that refresh. If it revokes the session during a
//!   refresh, the own record is missing afterwards, and the new tokens are
//!   discarded. If it revokes all of the user's during a login, the login
//!   creates its session again.
//!
//! # What remains
//!
//! A session that was ended is not accepted again, without a store by the process
//! that ended it. These may end one that was not:
//!
//! - the store evicts a record, or a write that timed out takes effect after a
//!   later one;
//! - on a store whose `create` replaces records, two first logins of a user at
//!   the same time;
//! - a login on one machine while another one revokes the user's sessions;
//! - two machines verify the same unfinished refresh, and one saves it after the
//!   other one has refreshed it again;
//! - a process whose clock is behind refreshes a session, and without a store
//!   cannot verify the new tokens in time;
//! - without a store: a response that is lost; one that arrives after a newer one,
//!   or after a login or a logout elsewhere; sessions of other processes that were
//!   created up to a minute after a revocation.
//!
//! The module `model` checks this: it explores every order of events, within
//! bounds, and runs the code that uses the store for each.

mod attempt_records;
mod authenticate;
mod classify;
mod compact;
mod config;
mod create;
mod data;
mod epoch;
mod expiring_map;
mod extra;
mod format;
mod held;
mod id;
mod lease;
mod load;
mod mark;
#[cfg(test)]
#[expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "it is a test")]
mod model;
mod opened;
mod record_store;
mod refresh;
mod refresh_hook;
mod refreshes;
mod revocation_list;
mod revoke;
mod seen;
mod sent;
mod session_records;
mod sessions;
mod store;
mod token;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;
mod wait;

#[cfg(feature = "webhooks")]
pub(crate) use self::mark::change_all;
#[cfg(feature = "tower-sessions")]
pub(crate) use self::tower_sessions::TowerSessions;
pub(crate) use self::{
    attempt_records::{AttemptRecord, AttemptState},
    authenticate::{AuthenticatedSession, SessionCookies, authenticate, try_authenticate},
    config::SessionConfig,
    create::{Created, create, is_current, is_remembered, restore},
    data::{Session, random_id},
    extra::Extra,
    held::{HeldSession, HeldSessions},
    load::{Loaded, OpenedCookies, load, write_refreshed},
    mark::{MarkConfig, Marks, UserMark, change_user, detached, is_denied, microseconds},
    opened::{Opened, OpenedSessions},
    record_store::RecordStore,
    refresh_hook::{OnRefresh, REFRESH_HOOK_TIMEOUT},
    refreshes::Refreshes,
    revocation_list::RevocationList,
    revoke::{destroy, revoke, revoke_all, revoke_or_log, revoke_sealed, revoke_user},
    session_records::SealedSession,
    sessions::Sessions,
    store::Store,
    token::current_token,
    wait::{Waiters, wait_for_end},
};
pub use self::{
    id::SessionId,
    refresh_hook::{RefreshDecision, SessionRefresh},
};
