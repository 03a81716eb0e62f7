//! The logout route.
//!
//! A logout is on purpose: a form of this site or of a trusted origin was posted, or the user opened
//! the page by a link of this site or typed its URL. Anything else (a link of
//! another site, an image, a frame, a script, a browser without Fetch Metadata)
//! is shown a page with a form, and ends nothing.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    attempt::Attempt, config::LoginConfig, discard::discard_all, loop_guard::LoginCounter, show,
};
use crate::{
    cookie::Jar,
    log::limited,
    request::{caller::Caller, head::RequestHead},
    response::pending::append_cookies,
    session,
    shared::Shared,
};
use fief_client::internal::Chain;

/// Logs out if the user opened the page by a link of this site or typed the
/// URL, and shows the confirmation page otherwise.
pub(super) async fn get_logout(State(auth): State<Arc<Shared>>, request: Request) -> Response {
    let Some(site) = auth.site() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let head = RequestHead::of(&request);
    if head.is_own_page() {
        logout(&auth, site, head).await
    } else {
        confirmation_page(&auth, site)
    }
}

/// Logs out if a form of this site or of a trusted origin was posted, such as the
/// one of the confirmation page.
pub(super) async fn post_logout(State(auth): State<Arc<Shared>>, request: Request) -> Response {
    let Some(site) = auth.site() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let head = RequestHead::of(&request);
    if auth.origins.allow(head) {
        logout(&auth, site, head).await
    } else {
        confirmation_page(&auth, site)
    }
}

/// Destroys the session and removes all cookies, then redirects to Fief's
/// logout.
async fn logout(auth: &Arc<Shared>, site: &LoginConfig, head: RequestHead<'_>) -> Response {
    let (config, jar) = (&site.sessions.cookies, Jar::new(head.headers));
    let ((mut cookies, revoked), ()) = tokio::join!(
        session::destroy(&site.sessions, head.headers),
        discard_all(site, head.headers),
    );
    cookies.extend(Attempt::clear_all(config, jar));
    cookies.extend(LoginCounter::clear(config, jar));
    cookies.extend(auth.removed_token_cookie(config, jar));
    let url = auth.fief().logout_url(&site.logout_redirect_uri);
    let mut response = match revoked {
        Ok(()) => redirect(head, url.as_str()),
        Err(error) => {
            limited!(error, auth.fief(),
                error = %Chain(&error),
                "failed to log out in the session store: trying again in the background"
            );
            show::logout_incomplete(url.into())
        }
    };
    append_cookies(response.headers_mut(), &cookies);
    response
}

/// Redirects to Fief. htmx must open it as a page, since a script cannot follow
/// a redirect to another site.
fn redirect(head: RequestHead<'_>, url: &str) -> Response {
    if Caller::of(head) == Caller::Htmx {
        (StatusCode::NO_CONTENT, [("hx-redirect", url)]).into_response()
    } else {
        Redirect::to(url).into_response()
    }
}

/// Shows a form that posts to this route. It names Fief's origin, to which the
/// browser is redirected afterwards.
fn confirmation_page(auth: &Arc<Shared>, site: &LoginConfig) -> Response {
    let fief = auth.fief().logout_url(&site.logout_redirect_uri).origin();
    show::logout_confirmation(site, fief.ascii_serialization())
}
