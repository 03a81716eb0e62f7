//! The callback route, to which Fief redirects the browser with a code or an
//! error.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use fief_client::{
    AuthorizationResponse, FiefError, FiefTokenResponse, FiefUserInfo, Requirements,
    internal::{Chain, ErrorClass, unix_seconds},
};
use tower_cookies::Cookie;

use super::{
    attempt::Attempt, config::LoginConfig, loop_guard::LoginCounter, page::LoginPageKind,
    show::show,
};
use crate::{
    Error,
    cookie::Jar,
    response::pending::append_cookies,
    session::{self, Loaded, SentCookies, Sessions},
    shared::Shared,
};

/// Finishes the login that the `state` in the query identifies, and redirects
/// to the page that the login was started for, or shows why it failed.
pub(super) async fn callback(
    State(auth): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(site) = auth.site() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let now = unix_seconds(auth.fief().now());
    let Ok(authorization) = AuthorizationResponse::parse(query.as_deref().unwrap_or_default())
    else {
        return show(site, LoginPageKind::Expired, None);
    };
    let Some(attempt) = Attempt::read(
        &site.sessions.cookies,
        Jar::new(&headers),
        authorization.state(),
        auth.fief().now(),
    ) else {
        return no_attempt_response(site, &headers, now).await;
    };
    // The attempt is single-use, even if the login fails.
    let mut cookies = vec![Attempt::clear(
        &site.sessions.cookies,
        authorization.state(),
    )];
    let return_to = site
        .return_to(&attempt.return_to)
        .unwrap_or_else(|| site.after_login.clone());
    let response = match auth
        .fief()
        .finish_login(&attempt.login, &authorization)
        .await
    {
        Ok((tokens, user)) => match create_session(site, &tokens, &user, &headers).await {
            Ok(session) => {
                cookies.extend(session);
                let logins = LoginCounter::read(&site.sessions.cookies, Jar::new(&headers), now);
                cookies.extend(logins.next(&site.sessions.cookies));
                Redirect::to(&return_to).into_response()
            }
            Err(Error::Fief(error)) => login_failed(site, &error, &return_to),
            Err(error) => session_failed(site, &error, &return_to),
        },
        // A `prompt=none` login that needs interaction is not an error: go back silently.
        Err(FiefError::Authorization { error, .. })
            if attempt.is_silent && needs_interaction(&error) =>
        {
            Redirect::to(&return_to).into_response()
        }
        Err(error) => login_failed(site, &error, &return_to),
    };
    with_cookies(response, &cookies)
}

/// Creates the session and returns its cookies. Caches the user info of the ID
/// token.
async fn create_session(
    site: &LoginConfig,
    tokens: &FiefTokenResponse,
    user: &FiefUserInfo,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let Sessions { fief, users, .. } = &*site.sessions;
    // `finish_login` has validated this token, so it is in the cache unless that is disabled.
    let info = fief
        .validate_access_token(tokens.access_token(), &Requirements::new())
        .await?;
    let cookies = session::create(&site.sessions, tokens, &info, headers).await?;
    users.update(fief, user).await;
    Ok(cookies)
}

/// Returns the page for a login that succeeded at Fief, but whose session could
/// not be created.
fn session_failed(site: &LoginConfig, error: &Error, return_to: &str) -> Response {
    tracing::error!(error = %Chain(error), "failed to create a session");
    match error {
        Error::SessionStore(_) => show(site, LoginPageKind::Unavailable, Some(return_to)),
        Error::Configuration(_) | Error::Fief(_) | Error::SessionKey(_) => {
            show(site, LoginPageKind::Failed, None)
        }
    }
}

/// Responds to a callback without the cookie of its attempt: the login expired,
/// was started in another browser, or has been finished and the user went back.
/// With an active session it redirects to the page after the login.
///
/// The code is not sent to Fief, since it may belong to an attacker's login.
async fn no_attempt_response(site: &LoginConfig, headers: &HeaderMap, now: u64) -> Response {
    let Some(cookies) = SentCookies::read(&site.sessions, headers) else {
        return show(site, LoginPageKind::Expired, None);
    };
    match session::load(&site.sessions, cookies, now).await {
        Ok(Loaded::Active { .. }) => Redirect::to(&site.after_login).into_response(),
        Ok(Loaded::Expired) => show(site, LoginPageKind::Expired, None),
        Err(error) => {
            tracing::error!(error = %Chain(&error), "failed to load a session");
            show(site, LoginPageKind::Unavailable, None)
        }
    }
}

/// Shows why the login failed.
fn login_failed(site: &LoginConfig, error: &FiefError, return_to: &str) -> Response {
    match error.clone().into_class() {
        ErrorClass::Authorization(error) => {
            tracing::debug!(error, "Fief rejected a login");
            show(site, error_page(&error), Some(return_to))
        }
        ErrorClass::Callback => show(site, LoginPageKind::Expired, None),
        ErrorClass::Status(_, detail) if detail.code() == Some("invalid_grant") => {
            show(site, LoginPageKind::Expired, None)
        }
        ErrorClass::Status(status, detail) if status.is_client_error() => {
            let is_unauthorized = status == StatusCode::UNAUTHORIZED;
            if is_unauthorized || detail.code() == Some("invalid_client") {
                tracing::error!(
                    error = %Chain(error),
                    "Fief rejected this client: check the client id and secret"
                );
            } else {
                tracing::error!(error = %Chain(error), "Fief rejected the token request");
            }
            show(site, LoginPageKind::Failed, None)
        }
        ErrorClass::Inactive => show(site, LoginPageKind::Denied, Some(return_to)),
        ErrorClass::Response
        | ErrorClass::Status(..)
        | ErrorClass::TokensPending
        | ErrorClass::Transport => {
            tracing::warn!(error = %Chain(error), "failed to finish a login");
            show(site, LoginPageKind::Unavailable, Some(return_to))
        }
        ErrorClass::Configuration => {
            tracing::error!(error = %Chain(error), "failed to finish a login");
            show(site, LoginPageKind::Failed, None)
        }
        ErrorClass::Expired | ErrorClass::IdToken | ErrorClass::Invalid | ErrorClass::Unmet(_) => {
            tracing::error!(error = %Chain(error), "the tokens of a login are invalid");
            show(site, LoginPageKind::Failed, None)
        }
    }
}

fn with_cookies(mut response: Response, cookies: &[Cookie<'static>]) -> Response {
    append_cookies(response.headers_mut(), cookies);
    response
}

/// Returns whether an error means that Fief has to show a page, which
/// `prompt=none` forbids
/// ([OpenID Connect Core, section 3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)).
fn needs_interaction(error: &str) -> bool {
    matches!(
        error,
        "account_selection_required"
            | "consent_required"
            | "interaction_required"
            | "login_required"
    )
}

/// Returns the page for the `error` in the query of the redirect.
fn error_page(error: &str) -> LoginPageKind {
    match error {
        "access_denied" => LoginPageKind::Denied,
        _ => LoginPageKind::Rejected,
    }
}
