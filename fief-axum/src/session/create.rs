//! Creates sessions.

use std::sync::Arc;

use axum::http::HeaderMap;
use fief_client::{FiefAccessTokenInfo, FiefTokenResponse, internal::unix_seconds};
use tower_cookies::Cookie;

use super::{
    data::Session,
    load::write,
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
    let now = unix_seconds(sessions.fief.now());
    complete_pending(sessions, info.id()).await?;
    let origin = sessions.revoked.next_origin();
    let mut session = Session::new(sessions.config, tokens, info, origin, now)?;
    if let Some(store) = &sessions.store {
        let ticket = store.create(&session, now).await?;
        session = session.with_ticket(Arc::new(ticket));
    }
    let cookies = write(sessions, &session, headers)?;
    if let Some((id, user)) = current_owner(sessions, headers) {
        revoke_or_log(sessions, id, user).await;
    }
    Ok(cookies)
}
