//! Creates sessions.

use std::{io, sync::Arc};

use axum::http::HeaderMap;
use fief_client::{FiefAccessTokenInfo, FiefTokenResponse, internal::unix_seconds};
use tower_cookies::Cookie;

use super::{
    data::Session,
    load::write,
    record_store::failed,
    revoke::{complete_pending, current_owner, revoke_or_log},
    sessions::Sessions,
};
use crate::Error;

/// Creates the session of a login, and returns its cookies.
///
/// The session that the browser had before is revoked.
///
/// # Errors
///
/// [`Error::SessionStore`] if the store failed, or [`Error::Configuration`] if
/// the session is too large for cookies.
pub(crate) async fn create(
    sessions: &Arc<Sessions>,
    tokens: &FiefTokenResponse,
    info: &FiefAccessTokenInfo,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    for _ in 0..MAX_TRIES {
        let Some(session) = try_create(sessions, tokens, info).await? else {
            continue;
        };
        let cookies = write(sessions, &session, headers)?;
        if let Some((id, user)) = current_owner(sessions, headers) {
            revoke_or_log(sessions, id, user).await;
        }
        return Ok(cookies);
    }
    Err(failed(io::Error::other(
        "the user's sessions are revoked again and again",
    )))
}

/// Creates a session. Returns `None` if the user's sessions were revoked
/// meanwhile.
async fn try_create(
    sessions: &Arc<Sessions>,
    tokens: &FiefTokenResponse,
    info: &FiefAccessTokenInfo,
) -> Result<Option<Session>, Error> {
    let now = unix_seconds(sessions.fief.now());
    complete_pending(sessions, info.id()).await?;
    let origin = sessions.revoked.next_origin();
    let session = Session::new(sessions.config, tokens, info, origin, now)?;
    let Some(store) = &sessions.store else {
        return Ok(Some(session));
    };
    let Some(ticket) = store.create(&session, now).await? else {
        return Ok(None);
    };
    if sessions.revoked.contains(&session) {
        // Its ticket is not sent.
        store.revoke(session.id).await?;
        return Ok(None);
    }
    Ok(Some(session.with_ticket(Arc::new(ticket))))
}

/// How often a session is created again because its user's sessions are revoked.
const MAX_TRIES: usize = 3;
