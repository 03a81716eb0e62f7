//! The end of a login.

use axum::{
    http::{Method, StatusCode},
    response::Response,
};

use super::{
    browser_session::current_session,
    code::code_url,
    login_session::{LoginSessionError, pending_login, redirect_to_login},
    pages,
};
use crate::{
    Client,
    http::{
        Request, Text,
        cookie::{self, LOGIN_COOKIE},
        response::{internal_error, redirect_to_application, set_cookie, temporary_redirect},
    },
    state::{AuthorizeRequest, Session, State},
};

/// `GET` and `POST /consent`
///
/// Redirects to the application with a code. The page is shown only for a third-party client, as
/// long as the user has not granted it the scopes. `POST` has the form field `allow` or `deny`.
///
/// As in Fief, the ACR of the login was decided by `/authorize`, so a browser that skips the login
/// page nevertheless gets ACR 1.
pub(crate) fn consent(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    let Some(session) = current_session(request, &state) else {
        return redirect_to_login(request);
    };
    if state.is_unverified(&session) {
        let url = request.url("/verify-request");
        return temporary_redirect(&url);
    }
    let authorization = match pending_login(request, &state) {
        Ok(Some(authorization)) => authorization.clone(),
        Ok(None) => return LoginSessionError::Missing.response(request),
        Err(rejection) => return rejection.response(request),
    };
    let Some(client) = state.client(&authorization.client_id).cloned() else {
        return LoginSessionError::Invalid.response(request);
    };
    let url = match decide(request, &mut state, &client, &authorization, &session) {
        Decision::ShowPage(status) => {
            return pages::consent(request, status, &client, &authorization);
        }
        Decision::Redirect(Some(url)) => url,
        Decision::Redirect(None) => return internal_error(),
    };
    state
        .logins
        .remove(request.cookie(LOGIN_COOKIE).unwrap_or_default());
    let mut response = redirect_to_application(&url);
    set_cookie(&mut response, &cookie::clear_login());
    response
}

/// What `/consent` responds with.
enum Decision {
    /// Show the page with this status.
    ShowPage(StatusCode),
    /// Redirect to the application; `None` if no tokens can be issued.
    Redirect(Option<String>),
}

fn decide(
    request: &Request<'_>,
    state: &mut State,
    client: &Client,
    authorization: &AuthorizeRequest,
    session: &Session,
) -> Decision {
    if request.method != Method::POST {
        if state.has_consent(session.user, client, &authorization.scope) {
            return Decision::Redirect(code_url(request, state, authorization, session));
        }
        return Decision::ShowPage(StatusCode::OK);
    }
    let is_allowed = request.form("allow").is_some();
    if !request.has_csrf_pair() || !is_allowed && request.form("deny").is_none() {
        return Decision::ShowPage(StatusCode::BAD_REQUEST);
    }
    if !is_allowed {
        return Decision::Redirect(Some(
            authorization.error_url("access_denied", request.text(DENIED)),
        ));
    }
    state.grant_consent(session.user, authorization);
    Decision::Redirect(code_url(request, state, authorization, session))
}

const DENIED: Text = Text::new(
    "The user denied access to their data.",
    "L'accès aux données a été rejeté.",
);
