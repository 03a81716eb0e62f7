//! The logout route.
//!
//! Other sites must not be able to log users out, so a request that may come
//! from another site has to be confirmed.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};

use super::{attempt::Attempt, config::LoginConfig, discard::discard_all, show};
use crate::{
    cookie::Jar,
    request::{
        csrf::is_same_origin,
        head::{RequestHead, SEC_FETCH_SITE},
    },
    response::pending::append_cookies,
    session,
    shared::Shared,
};
use fief_client::internal::Chain;

/// Logs out if the user followed a link of this site or typed the URL, and
/// shows the confirmation page otherwise.
pub(super) async fn get_logout(State(auth): State<Arc<Shared>>, request: Request) -> Response {
    let Some(site) = auth.site() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let head = RequestHead::of(&request);
    match head.header(&SEC_FETCH_SITE) {
        Some("same-origin" | "none") => logout(&auth, site, head.headers).await,
        _ => confirmation_page(&auth, site),
    }
}

/// Logs out if a form of this site was posted, such as the one of the
/// confirmation page.
pub(super) async fn post_logout(State(auth): State<Arc<Shared>>, request: Request) -> Response {
    let Some(site) = auth.site() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let head = RequestHead::of(&request);
    if is_same_origin(Some(site.origin()), head) {
        logout(&auth, site, head.headers).await
    } else {
        confirmation_page(&auth, site)
    }
}

/// Destroys the session, then redirects to Fief's logout.
async fn logout(auth: &Arc<Shared>, site: &LoginConfig, headers: &HeaderMap) -> Response {
    let ((mut cookies, revoked), ()) = tokio::join!(
        session::destroy(&site.sessions, headers),
        discard_all(site, headers),
    );
    cookies.extend(Attempt::clear_all(
        &site.sessions.cookies,
        Jar::new(headers),
    ));
    let url = auth.fief().logout_url(&site.logout_redirect_uri);
    let mut response = match revoked {
        Ok(()) => Redirect::to(url.as_str()).into_response(),
        Err(error) => {
            tracing::error!(
                error = %Chain(&error),
                "failed to log out in the session store: trying again in the background"
            );
            show::logout_incomplete(url.into())
        }
    };
    append_cookies(response.headers_mut(), &cookies);
    response
}

/// Shows a form that posts to this route. It names Fief's origin, to which the
/// browser is redirected afterwards.
fn confirmation_page(auth: &Arc<Shared>, site: &LoginConfig) -> Response {
    let fief = auth.fief().logout_url(&site.logout_redirect_uri).origin();
    show::logout_confirmation(site, fief.ascii_serialization())
}
