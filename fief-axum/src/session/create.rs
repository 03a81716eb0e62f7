use axum::http::HeaderMap;
use fief_client::{FiefAccessTokenInfo, FiefTokenResponse, internal::unix_seconds};
use tower_cookies::Cookie;

use super::{
    data::Session,
    load::write,
    revoke::{current_owner, revoke_or_log},
    sessions::Sessions,
};
use crate::Error;

/// Creates the session of a login, and revokes the one that the browser had.
///
/// The new session is stored first: if that fails, the browser keeps the
/// previous one.
///
/// # Errors
///
/// [`Error::SessionStore`] if the store failed, or [`Error::Configuration`] if
/// the session is too large for cookies or cannot be sealed.
pub(crate) async fn create(
    sessions: &Sessions,
    tokens: &FiefTokenResponse,
    info: &FiefAccessTokenInfo,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let session = Session::new(
        sessions.config,
        tokens,
        info,
        unix_seconds(sessions.fief.now()),
    )?;
    let cookies = write(sessions, &session, headers)?;
    if let Some(store) = &sessions.store {
        store.create(&session).await?;
    }
    if let Some((id, user)) = current_owner(sessions, headers).await {
        revoke_or_log(sessions, id, user).await;
    }
    Ok(cookies)
}
