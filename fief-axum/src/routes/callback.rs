use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use fief_client::{
    AuthorizationResponse, ErrorClass, FiefError, FiefTokenResponse, FiefUserInfo, Requirements,
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
    session::{self, Loaded, SessionCookie, Sessions, seconds},
    shared::Shared,
};

/// Takes the browser back from Fief: finishes the login and goes to the page that was asked for.
pub(super) async fn callback(
    State(auth): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(site) = auth.site() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let now = seconds(auth.fief().now());
    let Ok(callback) = AuthorizationResponse::parse(query.as_deref().unwrap_or_default()) else {
        return show(site, LoginPageKind::NotBegun, None);
    };
    let Some(attempt) = Attempt::read(
        &site.sessions.cookies,
        Jar::new(&headers),
        callback.state(),
        now,
    ) else {
        return without_attempt(site, &headers, now).await;
    };
    // Used up from here on, whatever comes of it.
    let mut cookies = vec![Attempt::clear(&site.sessions.cookies, callback.state())];
    let return_to = site
        .return_to(&attempt.return_to)
        .unwrap_or_else(|| site.after_login.clone());
    let response = match auth.fief().finish_login(&attempt.login, &callback).await {
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
        // Nobody was to notice, so nobody is told.
        Err(FiefError::Authorization { error, .. })
            if attempt.is_silent && needs_interaction(&error) =>
        {
            Redirect::to(&return_to).into_response()
        }
        Err(error) => login_failed(site, &error, &return_to),
    };
    with_cookies(response, &cookies)
}

async fn create_session(
    site: &LoginConfig,
    tokens: &FiefTokenResponse,
    user: &FiefUserInfo,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let Sessions { fief, users, .. } = &*site.sessions;
    // It was validated a moment ago; this looks its claims up.
    let info = fief
        .validate_access_token(tokens.access_token(), &Requirements::new())
        .await?;
    let cookies = session::create(&site.sessions, tokens, &info, headers).await?;
    users.update(fief, user).await;
    Ok(cookies)
}

fn session_failed(site: &LoginConfig, error: &Error, return_to: &str) -> Response {
    tracing::error!(%error, "a session cannot begin");
    match error {
        Error::SessionStore(_) => show(site, LoginPageKind::Unavailable, Some(return_to)),
        Error::Configuration(_) | Error::Fief(_) | Error::SessionKey(_) => {
            show(site, LoginPageKind::Failed, None)
        }
    }
}

/// A callback that nobody here began, or the back button after a login: nothing is sent to Fief.
async fn without_attempt(site: &LoginConfig, headers: &HeaderMap, now: u64) -> Response {
    let Some(cookie) = SessionCookie::read(&site.sessions, headers) else {
        return show(site, LoginPageKind::NotBegun, None);
    };
    match session::load(&site.sessions, cookie, now).await {
        Ok(Loaded::Active(_)) => Redirect::to(&site.after_login).into_response(),
        Ok(Loaded::Expired) => show(site, LoginPageKind::NotBegun, None),
        Err(error) => {
            tracing::error!(%error, "a session cannot be read");
            show(site, LoginPageKind::Unavailable, None)
        }
    }
}

fn login_failed(site: &LoginConfig, error: &FiefError, return_to: &str) -> Response {
    match error.clone().into_class() {
        ErrorClass::Authorization(error) => {
            tracing::debug!(error, "Fief refused a login");
            show(site, error_page(&error), Some(return_to))
        }
        ErrorClass::Callback => show(site, LoginPageKind::NotBegun, None),
        ErrorClass::Status(_, detail) if detail.code().as_deref() == Some("invalid_grant") => {
            show(site, LoginPageKind::NotBegun, None)
        }
        ErrorClass::Status(status, _) if status.is_client_error() => {
            tracing::error!(%error, "Fief does not accept this client: check its id and secret");
            show(site, LoginPageKind::Failed, None)
        }
        ErrorClass::Inactive => show(site, LoginPageKind::Denied, Some(return_to)),
        ErrorClass::Response | ErrorClass::Status(..) | ErrorClass::Transport => {
            tracing::warn!(%error, "a login could not be finished");
            show(site, LoginPageKind::Unavailable, Some(return_to))
        }
        ErrorClass::Configuration
        | ErrorClass::Expired
        | ErrorClass::IdToken
        | ErrorClass::Invalid
        | ErrorClass::Unmet(_) => {
            tracing::error!(%error, "Fief's tokens were refused");
            show(site, LoginPageKind::Failed, None)
        }
    }
}

fn with_cookies(mut response: Response, cookies: &[Cookie<'static>]) -> Response {
    append_cookies(response.headers_mut(), cookies);
    response
}

/// Whether Fief would have had to show a page
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

fn error_page(error: &str) -> LoginPageKind {
    match error {
        "access_denied" => LoginPageKind::Denied,
        _ => LoginPageKind::Refused,
    }
}
