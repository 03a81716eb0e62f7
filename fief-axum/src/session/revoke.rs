//! Ends sessions before their time.

use axum::http::HeaderMap;
use tower_cookies::Cookie;
use uuid::Uuid;

use super::{data::seconds, load::SessionCookie, sessions::Sessions};
use crate::{Error, cookie::chunks};

/// Ends the session that a browser leaves, and takes it from it.
pub(crate) async fn destroy(sessions: &Sessions, headers: &HeaderMap) -> Vec<Cookie<'static>> {
    if let Some((id, user)) = current_owner(sessions, headers).await {
        revoke_or_log(sessions, id, user).await;
    }
    chunks::clear(&sessions.cookies, headers)
}

/// Ends a session, here and in the store.
pub(crate) async fn revoke(sessions: &Sessions, id: Uuid, user: Option<Uuid>) -> Result<(), Error> {
    let now = seconds(sessions.fief.now());
    sessions
        .revoked
        .revoke_session(id, sessions.config.absolute, now);
    if let Some(user) = user {
        sessions.invalidate_user(user).await;
    }
    match &sessions.store {
        Some(store) => store.revoke(id, now).await,
        None => Ok(()),
    }
}

/// Ends all sessions that a user has now, here and in the store.
pub(crate) async fn revoke_user(sessions: &Sessions, user: Uuid) -> Result<(), Error> {
    let now = seconds(sessions.fief.now());
    sessions
        .revoked
        .revoke_user(user, sessions.config.absolute, now);
    sessions.invalidate_user(user).await;
    match &sessions.store {
        Some(store) => {
            let issuer = sessions.fief.issuer().await?;
            store.revoke_user(issuer, user, now).await
        }
        None => Ok(()),
    }
}

/// Ends a session whose browser has to go on all the same.
pub(super) async fn revoke_or_log(sessions: &Sessions, id: Uuid, user: Option<Uuid>) {
    if let Err(error) = revoke(sessions, id, user).await {
        tracing::error!(%error, "a session cannot be deleted from its store");
    }
}

/// Whose session this browser has, live or not, where that is known.
pub(super) async fn current_owner(
    sessions: &Sessions,
    headers: &HeaderMap,
) -> Option<(Uuid, Option<Uuid>)> {
    match SessionCookie::read(sessions, headers)? {
        SessionCookie::Session(session) => Some((session.id, Some(session.user))),
        SessionCookie::Ticket(ticket) => {
            let user = match &sessions.store {
                Some(store) => store.owner(ticket.id).await,
                None => None,
            };
            Some((ticket.id, user))
        }
    }
}
