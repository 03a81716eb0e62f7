//! Creates sessions.

use std::{io, sync::Arc};

use axum::http::HeaderMap;
use fief_client::{FiefAccessTokenInfo, FiefError, FiefTokenResponse, internal::unix_seconds};
use tower_cookies::Cookie;
use uuid::Uuid;

use super::{
    data::Session,
    extra::Extra,
    load::{Loaded, OpenedCookies, load, write},
    record_store::failed,
    revoke::{complete_pending, current_owner, revoke_or_log},
    sessions::Sessions,
};
use crate::{Error, cookie::Purpose};

/// Session of a login, and its cookies.
pub(crate) struct Created {
    pub(crate) session: Session,
    pub(crate) cookies: Vec<Cookie<'static>>,
}

/// Creates the session of a login, and returns it with its cookies.
///
/// The session that the browser had before is revoked.
///
/// # Errors
///
/// [`Error::SessionStore`] if the store failed, [`Error::Configuration`] if the
/// session is too large for cookies, or [`FiefError::UserInactive`] if what is known
/// of the user denies the login.
pub(crate) async fn create(
    sessions: &Arc<Sessions>,
    tokens: &FiefTokenResponse,
    info: &FiefAccessTokenInfo,
    extra: &Extra,
    headers: &HeaderMap,
) -> Result<Created, Error> {
    for _ in 0..MAX_TRIES {
        let Some(session) = try_create(sessions, tokens, info, extra).await? else {
            continue;
        };
        let cookies = write(sessions, &session, headers)?;
        if let Some((id, user)) = current_owner(sessions, headers) {
            // Of the same user, the login knows more than the cache.
            let other = Some(user).filter(|user| *user != session.user);
            revoke_or_log(sessions, id, other).await;
        }
        return Ok(Created { session, cookies });
    }
    Err(failed(io::Error::other(
        "the user's sessions are revoked again and again",
    )))
}

/// Returns a session that another machine has created, from the value of its
/// cookie.
///
/// Returns `None` if it was revoked since.
pub(crate) async fn restore(
    sessions: &Sessions,
    sealed: &str,
    headers: &HeaderMap,
) -> Result<Option<Created>, Error> {
    let ticket = sessions.cookies.keys.open(Purpose::Ticket, sealed);
    let Some((store, ticket)) = sessions.store.as_ref().zip(ticket) else {
        return Ok(None);
    };
    let Some(session) = store.load(&Arc::new(ticket)).await? else {
        return Ok(None);
    };
    if sessions.revoked.contains(&session) {
        return Ok(None);
    }
    let cookies = write(sessions, &session, headers)?;
    Ok(Some(Created { session, cookies }))
}

/// Returns whether the cookies that a session was created with may be sent
/// again: it was not revoked since, and there are no newer ones.
pub(crate) async fn is_current(sessions: &Sessions, session: &Session) -> Result<bool, Error> {
    if sessions.revoked.contains(session) {
        return Ok(false);
    }
    match (&sessions.store, &session.ticket) {
        (Some(store), Some(ticket)) => Ok(store.load(ticket).await?.is_some()),
        (Some(_), None) => Ok(false),
        (None, _) => Ok(!sessions.refreshes.are_cookies_outdated(session)),
    }
}

/// Returns whether the browser has an active session of this user that is
/// remembered: another login, such as a step-up, does not end that.
///
/// # Errors
///
/// [`Error::SessionStore`] if the store failed.
pub(crate) async fn is_remembered(
    sessions: &Sessions,
    user: Uuid,
    headers: &HeaderMap,
) -> Result<bool, Error> {
    let now = unix_seconds(sessions.fief.now());
    let sent = OpenedCookies::read(sessions, headers);
    let Some(sent) = sent.filter(|_| sessions.config.remember.is_some()) else {
        return Ok(false);
    };
    Ok(match load(sessions, sent, now).await? {
        Loaded::Active {
            session,
            seen_at: _,
        } => session.user == user && session.extra.is_remembered,
        Loaded::Expired => false,
    })
}

/// Creates a session. Returns `None` if the user's sessions were revoked
/// meanwhile.
async fn try_create(
    sessions: &Arc<Sessions>,
    tokens: &FiefTokenResponse,
    info: &FiefAccessTokenInfo,
    extra: &Extra,
) -> Result<Option<Session>, Error> {
    let now = unix_seconds(sessions.fief.now());
    complete_pending(sessions, info.id()).await?;
    let origin = sessions.revoked.next_origin();
    let session = Session::new(sessions.config, tokens, info, origin, now)?;
    let session = session.with_extra(extra.clone());
    let Some(store) = &sessions.store else {
        return if sessions.marks.denies_login(info) {
            Err(FiefError::UserInactive.into())
        } else {
            Ok(Some(session))
        };
    };
    let Some(ticket) = store.create(&session, now).await? else {
        return Ok(None);
    };
    let is_denied = sessions.marks.denies_login(info);
    if sessions.revoked.contains(&session) || is_denied {
        // Its ticket is not sent.
        store.revoke(session.id).await?;
        return if is_denied {
            Err(FiefError::UserInactive.into())
        } else {
            Ok(None)
        };
    }
    Ok(Some(session.with_ticket(Arc::new(ticket))))
}

/// How often a session is created again because its user's sessions are revoked.
const MAX_TRIES: usize = 3;
