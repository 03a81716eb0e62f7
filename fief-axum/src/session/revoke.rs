//! Revokes sessions before they expire: at logout, by the application, and if
//! the user is inactive.
//!
//! This process knows of a revocation at once. With a store, the records are
//! changed in a task of their own, which survives a client that disconnects,
//! and which tries again until the store has the revocation.

use std::{
    collections::HashSet,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::HeaderMap;
use fief_client::internal::{Chain, unix_seconds};
use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{sleep, timeout},
};
use tower_cookies::Cookie;
use uuid::Uuid;

use super::{
    data::Ticket, load::SessionCookie, record_store::failed, seen, sessions::Sessions, store::Store,
};
use crate::{
    Error,
    cookie::{Purpose, chunks},
    flight::Joined,
    log::limited,
};

/// Revokes the session of a browser, and returns the cookies that remove it,
/// and whether the store has the revocation.
pub(crate) async fn destroy(
    sessions: &Arc<Sessions>,
    headers: &HeaderMap,
) -> (Vec<Cookie<'static>>, Result<(), Error>) {
    let mut cookies = chunks::clear(&sessions.cookies, headers);
    cookies.extend(seen::clear(sessions, headers));
    let revoked = match current_owner(sessions, headers) {
        Some((id, user)) => revoke(sessions, id, Some(user)).await,
        None => Ok(()),
    };
    (cookies, revoked)
}

/// Revokes a session. If its `user` is known, removes the user from the cache.
pub(crate) async fn revoke(
    sessions: &Arc<Sessions>,
    id: Uuid,
    user: Option<Uuid>,
) -> Result<(), Error> {
    let now = unix_seconds(sessions.fief.now());
    let lifetime = sessions.config.max_lifetime();
    sessions.revoked.revoke_session(id, lifetime, now);
    let revoked = write_to_store(sessions, Revocation::Session(id)).await;
    if let Some(user) = user {
        sessions.invalidate_user(user).await;
    }
    revoked
}

/// Revokes all sessions that a user has now.
pub(crate) async fn revoke_user(sessions: &Arc<Sessions>, user: Uuid) -> Result<(), Error> {
    let now = unix_seconds(sessions.fief.now());
    let has_store = sessions.store.is_some();
    let lifetime = sessions.config.max_lifetime();
    sessions.revoked.revoke_user(user, has_store, lifetime, now);
    let revoked = write_to_store(sessions, Revocation::User(user)).await;
    sessions.invalidate_user(user).await;
    revoked
}

/// Completes a revocation of all sessions of a user that the store does not
/// have yet, so that a session can be created.
pub(super) async fn complete_pending(sessions: &Arc<Sessions>, user: Uuid) -> Result<(), Error> {
    // The attempt in flight may be of an earlier revocation.
    for _ in 0..MAX_ATTEMPTS {
        if sessions.revoked.pending(user).is_none() {
            return Ok(());
        }
        attempt(sessions, Revocation::User(user)).await?;
    }
    Err(failed(io::Error::other(
        "the user's sessions are revoked again and again",
    )))
}

/// Revokes sessions: in this process at once, and in the store also if the client
/// disconnects.
pub(crate) async fn revoke_all(sessions: &Arc<Sessions>, ids: Vec<Uuid>) {
    let now = unix_seconds(sessions.fief.now());
    let lifetime = sessions.config.max_lifetime();
    for id in &ids {
        sessions.revoked.revoke_session(*id, lifetime, now);
    }
    if let (false, Some(_), Ok(runtime)) = (ids.is_empty(), &sessions.store, Handle::try_current())
    {
        let task = Arc::clone(sessions);
        let written = runtime.spawn(async move {
            for id in ids {
                revoke_or_log(&task, id, None).await;
            }
        });
        // It goes on in the background.
        let _ = timeout(WAIT_TIMEOUT, written).await;
    }
}

/// Revokes a session that another machine has created, by the value of its cookie.
pub(crate) async fn revoke_sealed(sessions: &Arc<Sessions>, sealed: &str) -> Result<(), Error> {
    let ticket: Option<Ticket> = sessions.cookies.keys.open(Purpose::Ticket, sealed);
    match ticket {
        Some(ticket) => revoke(sessions, ticket.id, Some(ticket.user)).await,
        None => Ok(()),
    }
}

/// Revokes a session that this browser or process no longer uses.
pub(crate) async fn revoke_or_log(sessions: &Arc<Sessions>, id: Uuid, user: Option<Uuid>) {
    if let Err(error) = revoke(sessions, id, user).await {
        limited!(error, &sessions.fief,
            error = %Chain(&error),
            "failed to revoke a session in the store: trying again in the background"
        );
    }
}

/// Returns the session that a browser has a cookie of, active or not, and its
/// user.
pub(super) fn current_owner(sessions: &Sessions, headers: &HeaderMap) -> Option<(Uuid, Uuid)> {
    Some(match SessionCookie::read(sessions, headers)? {
        SessionCookie::Session(session) => (session.id, session.user),
        SessionCookie::Ticket(ticket) => (ticket.id, ticket.user),
    })
}

/// What the store does not have yet.
#[derive(Clone, Copy)]
enum Revocation {
    Session(Uuid),
    /// All sessions that a user had at the latest call.
    User(Uuid),
}

impl Revocation {
    /// Returns the id of the session or user.
    fn id(self) -> Uuid {
        let (Self::Session(id) | Self::User(id)) = self;
        id
    }
}

/// Writes a revocation to the store, or waits until another task has.
async fn write(sessions: &Arc<Sessions>, revocation: Revocation) -> Result<(), Error> {
    match revocation {
        Revocation::Session(_) => attempt(sessions, revocation).await,
        Revocation::User(user) => complete_pending(sessions, user).await,
    }
}

/// Attempts to write a revocation to the store.
///
/// There is one attempt at a time: another one could replace the epoch of a
/// login that began after the first. It is a task of its own, since a store may
/// panic.
async fn attempt(sessions: &Arc<Sessions>, revocation: Revocation) -> Result<(), Error> {
    let id = revocation.id();
    let work = || {
        let sessions = Arc::clone(sessions);
        async move {
            match (&sessions.store, revocation) {
                (Some(store), Revocation::Session(id)) => store.revoke(id).await,
                (Some(store), Revocation::User(user)) => {
                    replace_epochs(&sessions, store, user).await
                }
                (None, Revocation::Session(_) | Revocation::User(_)) => Ok(()),
            }
        }
    };
    match sessions.revocations.join(id, || None, work).await {
        Ok(Joined {
            result,
            started_here: _,
        }) => result,
        Err(error) => Err(failed(error)),
    }
}

async fn replace_epochs(sessions: &Sessions, store: &Store, user: Uuid) -> Result<(), Error> {
    // An earlier attempt may have completed it.
    let Some(pending) = sessions.revoked.pending(user) else {
        return Ok(());
    };
    let epochs = match &pending.epochs {
        Some(epochs) => Arc::clone(epochs),
        None => Arc::new(store.epochs(user).await?),
    };
    sessions
        .revoked
        .set_epochs(user, &pending, Arc::clone(&epochs));
    let now = unix_seconds(sessions.fief.now());
    store.replace_epochs(&epochs, now).await?;
    sessions.revoked.complete(user, &pending);
    Ok(())
}

/// Writes a revocation to the store, and returns the result of the first
/// attempt. After a failure it is tried again in the background.
async fn write_to_store(sessions: &Arc<Sessions>, revocation: Revocation) -> Result<(), Error> {
    if sessions.store.is_none() {
        return Ok(());
    }
    let runtime = Handle::try_current().map_err(failed)?;
    let (sender, first) = oneshot::channel();
    let task = Arc::clone(sessions);
    runtime.spawn(async move { write_until_stored(&task, revocation, sender).await });
    match timeout(WAIT_TIMEOUT, first).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => Err(failed(error)),
        Err(elapsed) => Err(failed(elapsed)),
    }
}

/// Attempts until the store has the revocation, or no session lasts any longer.
async fn write_until_stored(
    sessions: &Arc<Sessions>,
    revocation: Revocation,
    first: oneshot::Sender<Result<(), Error>>,
) {
    let result = write(sessions, revocation).await;
    let has_failed = result.is_err();
    // The caller may be gone.
    let _ = first.send(result);
    if !has_failed {
        return;
    }
    match PendingSlot::take(&sessions.pending, revocation.id()) {
        Ok(slot) => {
            retry(sessions, revocation).await;
            drop(slot);
        }
        // Another task tries it again.
        Err(NoSlot::Pending) => {}
        Err(NoSlot::Full) => {
            limited!(
                error,
                &sessions.fief,
                "too many revocations are pending: other machines accept the session"
            );
        }
    }
}

async fn retry(sessions: &Arc<Sessions>, revocation: Revocation) {
    let until = unix_seconds(sessions.fief.now()).saturating_add(sessions.config.max_lifetime());
    let mut delay = MIN_DELAY;
    while unix_seconds(sessions.fief.now()) < until {
        sleep(delay).await;
        match write(sessions, revocation).await {
            Ok(()) => return,
            Err(error) => limited!(warn, &sessions.fief,
                error = %Chain(&error),
                "failed to revoke sessions in the store: trying again"
            ),
        }
        delay = (delay * 2).min(MAX_DELAY);
    }
}

/// One of the revocations that are pending.
struct PendingSlot<'a> {
    pending: &'a Mutex<HashSet<Uuid>>,
    id: Uuid,
}

enum NoSlot {
    Full,
    /// The revocation is pending already.
    Pending,
}

impl<'a> PendingSlot<'a> {
    fn take(pending: &'a Mutex<HashSet<Uuid>>, id: Uuid) -> Result<Self, NoSlot> {
        let mut ids = pending.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.contains(&id) {
            return Err(NoSlot::Pending);
        }
        if ids.len() >= MAX_PENDING {
            return Err(NoSlot::Full);
        }
        ids.insert(id);
        Ok(Self { pending, id })
    }
}

impl Drop for PendingSlot<'_> {
    fn drop(&mut self) {
        let mut ids = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        ids.remove(&self.id);
    }
}

/// How long a caller waits for the store. A response must not take longer.
const WAIT_TIMEOUT: Duration = Duration::from_secs(8);
const MIN_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(60);
/// How many revocations are kept for later.
const MAX_PENDING: usize = 1000;
/// How many attempts a login makes to complete a revocation.
const MAX_ATTEMPTS: usize = 3;
