use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use fief_client::{AuthorizationResponse, FiefError};

use super::page;
use crate::{
    FiefAuth,
    attempt::Attempt,
    request_auth::append_cookies,
    session::{self, Jar, Session, seconds},
    site::Site,
};

/// Takes the browser back from Fief: finishes the login and goes to the page that was asked for.
pub(super) async fn callback(
    State(auth): State<FiefAuth>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(site) = auth.site() else {
        return page::failure();
    };
    let now = seconds(auth.fief().now());
    let Ok(answer) = AuthorizationResponse::parse(query.as_deref().unwrap_or_default()) else {
        return page::not_begun(site);
    };
    let Some(attempt) = Attempt::read(site, Jar::new(&headers), answer.state(), now) else {
        return stale(site, &headers, now);
    };
    // Used up from here on, whatever comes of it.
    let mut cookies = vec![Attempt::clear(site, answer.state())];
    let response = match auth.fief().finish_login(&attempt.login, &answer).await {
        Ok((tokens, user)) => {
            auth.users().insert(auth.fief(), &user).await;
            match session::write(site, &Session::new(tokens.access_token(), now), &headers) {
                Ok(session) => {
                    cookies.extend(session);
                    Redirect::to(&attempt.return_to).into_response()
                }
                Err(error) => {
                    tracing::error!(%error, "a session cannot begin");
                    page::failure()
                }
            }
        }
        Err(error) => failed(site, &error, &attempt.return_to),
    };
    with_cookies(response, &cookies)
}

/// A callback that nobody here began, or the back button after a login: nothing is sent to Fief.
fn stale(site: &Site, headers: &HeaderMap, now: u64) -> Response {
    match session::read(site, headers, now) {
        Some(_) => Redirect::to(&site.after_login).into_response(),
        None => page::not_begun(site),
    }
}

fn failed(site: &Site, error: &FiefError, return_to: &str) -> Response {
    match error {
        FiefError::Authorization { error, .. } => {
            tracing::debug!(error, "Fief refused a login");
            page::refused(site, error, return_to)
        }
        FiefError::CallbackInvalid(_) => page::not_begun(site),
        FiefError::Request { detail, .. } if detail.code().as_deref() == Some("invalid_grant") => {
            page::not_begun(site)
        }
        FiefError::Request { status, .. } if status.is_client_error() => {
            tracing::error!(%error, "Fief does not accept this client: check its id and secret");
            page::failure()
        }
        FiefError::UserInactive => page::refused(site, "access_denied", return_to),
        FiefError::Transport(_) | FiefError::Request { .. } | FiefError::ResponseInvalid(_) => {
            tracing::warn!(%error, "a login could not be finished");
            page::unavailable(site)
        }
        _ => {
            tracing::error!(%error, "Fief's tokens were refused");
            page::failure()
        }
    }
}

fn with_cookies(mut response: Response, cookies: &[tower_cookies::Cookie<'static>]) -> Response {
    append_cookies(response.headers_mut(), cookies);
    response
}
