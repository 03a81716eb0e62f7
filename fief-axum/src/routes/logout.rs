use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};

use super::{config::LoginConfig, show};
use crate::{
    request::{
        csrf::is_same_origin,
        head::{RequestHead, SEC_FETCH_SITE},
    },
    response::pending::append_cookies,
    session,
    shared::Shared,
};

/// Logs out where the browser shows that its user wants it, else asks.
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

/// Logs out: a form's POST.
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

/// Ends the session here first, then Fief's own.
async fn logout(auth: &Arc<Shared>, site: &LoginConfig, headers: &HeaderMap) -> Response {
    let cookies = session::destroy(&site.sessions, headers).await;
    let url = auth.fief().logout_url(&site.logout_redirect_uri);
    let mut response = Redirect::to(url.as_str()).into_response();
    append_cookies(response.headers_mut(), &cookies);
    response
}

fn confirmation_page(auth: &Arc<Shared>, site: &LoginConfig) -> Response {
    let fief = auth.fief().logout_url(&site.logout_redirect_uri).origin();
    show::logout_confirmation(site, fief.ascii_serialization())
}
