use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};

use super::{config::Site, show};
use crate::{
    request::{
        csrf::is_same_origin,
        head::{Head, SEC_FETCH_SITE},
    },
    response::pending::append_cookies,
    session,
    shared::Shared,
};

/// Logs out where the browser shows that its user wants it, else asks.
pub(super) async fn ask(State(auth): State<Arc<Shared>>, request: Request) -> Response {
    let Some(site) = auth.site() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let head = Head::of(&request);
    match head.header(&SEC_FETCH_SITE) {
        Some("same-origin" | "none") => end(&auth, site, head.headers).await,
        _ => question(&auth, site),
    }
}

/// Logs out: a form's POST.
pub(super) async fn logout(State(auth): State<Arc<Shared>>, request: Request) -> Response {
    let Some(site) = auth.site() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let head = Head::of(&request);
    if is_same_origin(Some(site.origin()), head) {
        end(&auth, site, head.headers).await
    } else {
        question(&auth, site)
    }
}

/// Ends the session here first, then Fief's own.
async fn end(auth: &Arc<Shared>, site: &Site, headers: &HeaderMap) -> Response {
    let cookies = session::leave(&site.sessions, headers).await;
    let url = auth.fief().logout_url(&site.logged_out_uri);
    let mut response = Redirect::to(url.as_str()).into_response();
    append_cookies(response.headers_mut(), &cookies);
    response
}

fn question(auth: &Arc<Shared>, site: &Site) -> Response {
    let fief = auth.fief().logout_url(&site.logged_out_uri).origin();
    show::log_out(site, fief.ascii_serialization())
}
