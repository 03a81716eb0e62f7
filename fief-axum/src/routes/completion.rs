//! The second half of an exchange: from tokens to a session.

use std::sync::Arc;

use axum::http::HeaderMap;
use fief_client::{
    FiefTokenResponse, FiefUserInfo, PendingTokens,
    internal::{Chain, Recovery, unix_seconds},
};
use secrecy::{ExposeSecret, SecretString};

use super::exchanges::{Ended, Outcome};
use crate::{
    Error,
    log::limited,
    session::{self, Created, Sessions},
};

/// Verifies tokens and creates their session.
pub(super) async fn complete(
    sessions: &Arc<Sessions>,
    pending: &PendingTokens,
    headers: &HeaderMap,
) -> Ended {
    let created = match sessions.fief.verify(pending).await {
        Ok((tokens, user)) => create_session(sessions, &tokens, &user, headers).await,
        Err(error) => Err(error.into()),
    };
    match created {
        Ok(created) => {
            let at = unix_seconds(sessions.fief.now());
            Ended::LoggedIn(Arc::new(created), at)
        }
        Err(error) if is_temporary(&error) => {
            not_yet(sessions, &error);
            Ended::Kept(pending.clone())
        }
        Err(Error::Fief(error)) => Ended::Used(Outcome::Rejected(error)),
        Err(error) => Ended::Used(Outcome::SessionFailed(error)),
    }
}

/// Takes the session that another machine has created.
pub(super) async fn restore(
    sessions: &Sessions,
    sealed: &SecretString,
    at: u64,
    headers: &HeaderMap,
) -> Ended {
    match session::restore(sessions, sealed.expose_secret(), headers).await {
        Ok(Some(created)) => Ended::LoggedIn(Arc::new(created), at),
        Ok(None) => Ended::Used(Outcome::Replayed),
        Err(error) => Ended::Free(not_yet(sessions, &error)),
    }
}

/// Logs why a login cannot be completed yet.
pub(super) fn not_yet(sessions: &Sessions, error: &Error) -> Outcome {
    limited!(warn, &sessions.fief, error = %Chain(error), "a login cannot be completed yet");
    Outcome::NotYet
}

/// Creates the session. Caches the user info of the ID token.
async fn create_session(
    sessions: &Arc<Sessions>,
    tokens: &FiefTokenResponse,
    user: &FiefUserInfo,
    headers: &HeaderMap,
) -> Result<Created, Error> {
    // The token was verified, so it is in the cache unless that is disabled.
    let token = tokens.access_token();
    let info = sessions.fief.validate_session_token(token).await?;
    let created = session::create(sessions, tokens, &info, headers).await?;
    sessions.users.update(&sessions.fief, user).await;
    Ok(created)
}

/// Returns whether a login with tokens can be completed later, in spite of an
/// error.
fn is_temporary(error: &Error) -> bool {
    match error {
        Error::SessionStore(_) => true,
        Error::Fief(error) => match error.clone().into_class().recovery() {
            Recovery::Outage | Recovery::Possible => true,
            Recovery::Never => false,
        },
        Error::Configuration(_) | Error::SessionKey(_) => false,
    }
}
