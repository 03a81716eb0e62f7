//! Authenticates requests by cookies, which browsers send automatically.

use std::sync::Arc;

use axum::http::{HeaderMap, Method};
use fief_client::Requirements;
use secrecy::{ExposeSecret, SecretString};

use super::{
    authentication::{AuthOutcome, Credential},
    csrf,
    head::RequestHead,
};
use crate::{
    RejectionKind,
    cookie::Jar,
    response::pending::PendingResponse,
    session::{self, AuthenticatedSession, Opened, OpenedCookies, Sessions},
    shared::Shared,
};

/// Returns the session of a request that changes nothing, if there is nothing to do for it. `None` says nothing about the
/// request: [`authenticate`] decides.
pub(super) fn try_session(
    auth: &Shared,
    method: &Method,
    headers: &HeaderMap,
) -> Option<Arc<Opened>> {
    let sessions = auth.sessions()?;
    if !csrf::is_safe(method, headers) {
        return None;
    }
    session::try_authenticate(sessions, headers)
}

/// Authenticates by what a browser sends automatically: by the session, else by the access token cookie if one is
/// configured, else by the token that a source of the application found.
pub(super) async fn authenticate(
    pending: &PendingResponse,
    head: RequestHead<'_>,
    found: Option<&SecretString>,
) -> AuthOutcome {
    let auth = pending.auth();
    let session = auth
        .sessions()
        .and_then(|sessions| Some((sessions, OpenedCookies::read(sessions, head.headers)?)));
    let name = auth.access_token_cookie();
    let token_cookie = name.and_then(|name| Jar::new(head.headers).get(name));
    let token_cookie = token_cookie.filter(|value| !value.is_empty());
    let token = token_cookie.or_else(|| found.map(ExposeSecret::expose_secret));
    if session.is_none() && token.is_none() {
        return Err(RejectionKind::MissingCredentials);
    }
    // Before the session is loaded: a request from another site must not refresh it.
    if !auth.origins.allow(head) {
        return Err(RejectionKind::CrossSite);
    }
    if let Some((sessions, sent)) = session
        && let Some(credential) = authenticate_by_session(pending, sessions, sent, head).await?
    {
        return Ok(credential);
    }
    let value = token.ok_or(RejectionKind::MissingCredentials)?;
    let no_requirements = Requirements::new();
    let validated = auth
        .fief()
        .validate_access_token(value, &no_requirements)
        .await;
    unless_denied(auth, Credential::Token(validated?)).await
}

/// Rejects a token that is not a session's if it is denied.
pub(super) async fn unless_denied(auth: &Shared, credential: Credential) -> AuthOutcome {
    let token = credential.token();
    let is_denied = session::is_denied(&auth.marks, auth.sessions(), token).await?;
    credential.unless(is_denied)
}

async fn authenticate_by_session(
    pending: &PendingResponse,
    sessions: &Arc<Sessions>,
    sent: OpenedCookies<'_>,
    head: RequestHead<'_>,
) -> Result<Option<Credential>, RejectionKind> {
    let authenticated = session::authenticate(sessions, head, sent).await?;
    let Some((token, session)) = authenticated.session else {
        return Ok(None);
    };
    Ok(Some(match session {
        AuthenticatedSession::Open(session) => {
            pending.set_session_cookies(sessions, &session, authenticated.cookies);
            Credential::Session(token, session)
        }
        AuthenticatedSession::Sealed(sealed) => Credential::SealedSession(token, sealed),
    }))
}
