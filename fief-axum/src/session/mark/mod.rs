//! Marks: what webhooks and the application have said about users, by which all
//! processes deny tokens, refresh sessions and drop user info.
//!
//! # Parties
//!
//! *Fief* delivers an event to one machine, up to five times, and out of order.
//! That *process* changes its memory and, if there is one, the *store*. Another
//! process finds the mark when it loads a session of the user, or when it looks up
//! a bearer token's user. The *browser* takes no part: no cookie knows of marks.
//!
//! # Records
//!
//! | record | id, under each session key | content | written by | kept |
//! | --- | --- | --- | --- | --- |
//! | mark of a user | from the id of the user's epoch record | a [`UserMark`] | events of the user, `deny_user`, `allow_user` | the denial lifetime |
//! | mark for all | from the client | times of the last ten minutes, and the last one before | events of roles and permissions | the denial lifetime |
//! | lock | from the user | its holder | a process that changes the mark of the user | 72 seconds |
//!
//! A mark of a user is only merged: each of its times is the latest one that was
//! reported, so that the order and the number of deliveries do not matter. Stores
//! have no conditional writes, so a process merges while it holds the lock, and
//! reads back what it has written. The ids of its changes are random, and the last
//! one counts: another id than the one that a process knows means a change.
//!
//! The mark for all has times in steps of half a minute, so that a flood of events
//! is a few of them, and none postpones the refresh that another one has caused.
//! It is written without a lock: two writers write the same time, or one of two that
//! are half a minute apart is lost.
//!
//! # What a mark does
//!
//! | mark | sessions of the user | other tokens of the user | user info |
//! | --- | --- | --- | --- |
//! | the account was deleted | their epoch is replaced | denied | removed |
//! | it is inactive, and not active since | their epoch is replaced | denied | removed |
//! | its password was reset | their epoch is replaced | denied, if their login is not later | removed |
//! | `deny_user`, and no `allow_user` since | | denied | |
//! | its permissions changed | refreshed before the next response, and once more after a minute | | removed |
//! | permissions changed, for all | refreshed within five minutes | | |
//! | user info changed | | | removed |
//!
//! Sessions end by their epoch, as they do by any other revocation: a mark never
//! ends one and never revives one. A mark that is missing, foreign or expired means
//! that nothing has happened, and a process that knows more keeps what it knows. A
//! login that began before its user was deleted or became inactive finds the mark,
//! which is written before the epoch is replaced, and creates no session.
//!
//! # Where it can die
//!
//! - *Before the lock, or while it is held.* Fief gets no 2xx and delivers again.
//!   The lock of a process that died expires, before Fief's third attempt.
//! - *Between the mark and the epoch.* Tokens are denied, and the sessions are
//!   still there until the next attempt, for which the mark does not say yet that
//!   they were revoked.
//! - *Between the epoch and the note that it was replaced.* The next attempt
//!   replaces it again, which ends sessions that were created in between.
//! - *After all of it, before the response.* The next attempt finds the note. It
//!   changes the id of the change, so that sessions are refreshed once more.
//! - *The store fails.* This process acts nevertheless. The response is a 503,
//!   and Fief delivers again.
//! - *Another process dies.* It loads marks again. Sessions that were refreshed
//!   within a minute after the mark are refreshed once more.
//! - *The store evicts a mark.* Processes that have loaded it keep it.
//!   Sessions that were revoked stay revoked. Other processes accept bearer tokens
//!   of the user again: the store must not evict.
//!
//! # Clocks
//!
//! What is ordered is ordered by Fief's own clock (`updated_at`, `auth_time`,
//! `iat`), or by that of the application (`deny_user`, `allow_user`). Whether a
//! session was refreshed after a change is decided by the machines' clocks, which
//! may differ by a minute: within that minute it is refreshed once more.
//!
//! # What is remembered
//!
//! | what | how long | bound |
//! | --- | --- | --- |
//! | denied users | the denial lifetime, after the mark was made or loaded | 100 000: another one is an error |
//! | marks that deny nothing | the same | 100 000, about 200 bytes each |
//! | users that were looked up | 5 seconds | 100 000, about 100 bytes each |
//! | sessions that were refreshed because of a mark | 10 minutes | 100 000, about 100 bytes each |

mod change;
mod denial;
mod memory;
mod records;
mod spread;
mod user_mark;

#[cfg(feature = "webhooks")]
pub(crate) use self::change::change_all;
pub(crate) use self::{
    change::{change_user, detached},
    denial::is_denied,
    memory::{MarkConfig, Marks, Outdated},
    user_mark::{UserMark, microseconds},
};
