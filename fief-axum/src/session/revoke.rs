//! Revokes sessions before they expire.
//!
//! A revocation takes effect in this process at once, and on other machines
//! when it is written to the store.

use axum::http::HeaderMap;
use fief_client::internal::{Chain, unix_seconds};
use tower_cookies::Cookie;
use uuid::Uuid;

use super::{load::SessionCookie, sessions::Sessions};
use crate::{Error, cookie::chunks};

/// Revokes the session of a browser, and returns the cookies that remove it.
pub(crate) async fn destroy(sessions: &Sessions, headers: &HeaderMap) -> Vec<Cookie<'static>> {
    if let Some((id, user)) = current_owner(sessions, headers).await {
        revoke_or_log(sessions, id, user).await;
    }
    chunks::clear(&sessions.cookies, headers)
}

/// Revokes a session, in this process and in the store.
///
/// `user` is its owner, if known: their cached user info is invalidated.
pub(crate) async fn revoke(sessions: &Sessions, id: Uuid, user: Option<Uuid>) -> Result<(), Error> {
    let now = unix_seconds(sessions.fief.now());
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

/// Revokes all sessions that a user has now, in this process and in the store.
pub(crate) async fn revoke_user(sessions: &Sessions, user: Uuid) -> Result<(), Error> {
    let now = unix_seconds(sessions.fief.now());
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

/// Revokes a session and logs if the store fails: the browser must be able to
/// log in or out nevertheless.
pub(super) async fn revoke_or_log(sessions: &Sessions, id: Uuid, user: Option<Uuid>) {
    if let Err(error) = revoke(sessions, id, user).await {
        tracing::error!(
            error = %Chain(&error),
            "failed to revoke a session in the store: it is revoked in this process only"
        );
    }
}

/// Returns the id and the owner of the session of a browser, which may have
/// expired. The owner is `None` if the store does not know the session.
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
