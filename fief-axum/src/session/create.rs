use axum::http::HeaderMap;
use fief_client::{FiefAccessTokenInfo, FiefTokenResponse};
use tower_cookies::Cookie;

use super::{
    data::{Session, seconds},
    load::write,
    revoke::{current_owner, revoke_or_log},
    sessions::Sessions,
};
use crate::Error;

/// Begins a session for who logged in, and ends the one that this browser had.
pub(crate) async fn create(
    sessions: &Sessions,
    tokens: &FiefTokenResponse,
    info: &FiefAccessTokenInfo,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let session = Session::new(sessions.config, tokens, info, seconds(sessions.fief.now()))?;
    let cookies = write(sessions, &session, headers)?;
    if let Some(store) = &sessions.store {
        store.create(&session).await?;
    }
    if let Some((id, user)) = current_owner(sessions, headers).await {
        revoke_or_log(sessions, id, user).await;
    }
    Ok(cookies)
}
