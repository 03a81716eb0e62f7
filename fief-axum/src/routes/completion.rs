//! The second half of an exchange: from tokens to a session.

use std::sync::Arc;

use axum::http::HeaderMap;
use fief_client::{
    FiefAccessTokenInfo, FiefError, FiefTokenResponse, FiefUserInfo, PendingTokens,
    internal::{Chain, Recovery, pending_received_at, unix_seconds},
};
use secrecy::ExposeSecret;

use super::{
    accepted_login::AcceptedLogin,
    exchange_store::FoundSession,
    login_hook::{self, CallbackRequest, NotAccepted, OnLogin},
    outcome::{Ended, LoggedIn, Outcome},
    verified_login::Login,
};
use crate::{
    Error,
    log::limited,
    session::{self, Created, Extra, Sessions},
};

/// Verifies tokens, calls the application's hook, and creates the session.
pub(super) async fn complete(
    sessions: &Arc<Sessions>,
    pending: &PendingTokens,
    request: &CallbackRequest,
    hook: Option<&OnLogin>,
) -> Ended {
    let verified = match verify(sessions, pending).await {
        Ok(verified) => verified,
        Err(error) => return failed(sessions, pending, error),
    };
    let accepted = match hook {
        Some(hook) => {
            let login = verified.login(request);
            login_hook::call(hook, login, &sessions.fief).await
        }
        None => Ok(AcceptedLogin::new()),
    };
    let (page, data) = match accepted {
        Ok(accepted) => accepted.into_parts(),
        Err(NotAccepted::Failed) => return Ended::Used(Outcome::HookFailed),
        Err(NotAccepted::Rejected(response)) => {
            tracing::debug!("`on_login` rejected a login");
            return Ended::Used(Outcome::Denied(Arc::new(response)));
        }
        Err(NotAccepted::TimedOut) => return Ended::Kept(pending.clone()),
    };
    let data = match data {
        Ok(data) => data,
        Err(error) => {
            limited!(error, &sessions.fief, error = %Chain(&error), "`on_login` failed: there is no session");
            return Ended::Used(Outcome::HookFailed);
        }
    };
    let page = page.unwrap_or_else(|error| {
        limited!(error, &sessions.fief, %error, "`on_login` has chosen a page that is not used");
        None
    });
    match create_session(sessions, &verified, request, data).await {
        Ok(created) => {
            let at = unix_seconds(sessions.fief.now());
            Ended::LoggedIn(Arc::new(LoggedIn { created, page }), at)
        }
        Err(error) => failed(sessions, pending, error),
    }
}

/// Tokens that were verified.
struct Verified {
    tokens: FiefTokenResponse,
    token: FiefAccessTokenInfo,
    user: FiefUserInfo,
    /// When they were received, in seconds of Unix time.
    received_at: u64,
}

impl Verified {
    /// Returns the login for the hook.
    fn login(&self, request: &CallbackRequest) -> Login {
        let CallbackRequest {
            head,
            return_to,
            is_silent,
            remember: _,
        } = request;
        Login {
            user: self.user.clone(),
            tokens: self.tokens.clone(),
            token: self.token.clone(),
            request: head.clone(),
            return_to: return_to.clone(),
            is_silent: *is_silent,
        }
    }
}

async fn verify(sessions: &Sessions, pending: &PendingTokens) -> Result<Verified, FiefError> {
    let (tokens, user) = sessions.fief.verify(pending).await?;
    // The token was verified, so it is in the cache unless that is disabled.
    let token = tokens.access_token();
    let token = sessions.fief.validate_session_token(token).await?;
    Ok(Verified {
        tokens,
        token,
        user,
        received_at: pending_received_at(pending),
    })
}

/// Returns what becomes of a login that failed.
fn failed(sessions: &Sessions, pending: &PendingTokens, error: impl Into<Error>) -> Ended {
    match error.into() {
        error if is_temporary(&error) => {
            not_yet(sessions, &error);
            Ended::Kept(pending.clone())
        }
        Error::Fief(error) => Ended::Used(Outcome::Rejected(error)),
        error => Ended::Used(Outcome::SessionFailed(error)),
    }
}

/// Takes the session that another machine has created.
pub(super) async fn restore(
    sessions: &Sessions,
    found: FoundSession,
    headers: &HeaderMap,
) -> Ended {
    let FoundSession { sealed, page, at } = found;
    match session::restore(sessions, sealed.expose_secret(), headers).await {
        Ok(Some(created)) => Ended::LoggedIn(Arc::new(LoggedIn { created, page }), at),
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
    verified: &Verified,
    request: &CallbackRequest,
    data: Option<String>,
) -> Result<Created, Error> {
    let Verified {
        tokens,
        token,
        user,
        received_at,
    } = verified;
    let headers = &request.head.headers;
    let is_remembered = match request.remember {
        Some(remember) => remember,
        None => session::is_remembered(sessions, token.id(), headers).await?,
    };
    let extra = Extra {
        is_remembered,
        data,
    };
    let created = session::create(sessions, tokens, token, &extra, headers).await?;
    sessions
        .users
        .learn(&sessions.fief, user, *received_at)
        .await;
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
