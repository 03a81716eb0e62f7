//! Shows the pages of the routes.
//!
//! A route says which page to show, in the extensions of its response. The
//! middleware [`render`] knows the request and the application's hook.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use url::form_urlencoded;

use super::{
    config::LoginConfig,
    page::{LoginPage, LoginPageKind},
};
use crate::{
    request::{head::RequestHead, owned::OwnedHead},
    shared::Shared,
};

/// Shows a page with a link to log in, which returns to the page `return_to`.
///
/// The link is empty if logging in again does not help.
pub(super) fn show(site: &LoginConfig, kind: LoginPageKind, return_to: Option<&str>) -> Response {
    // Fixed paths and serialized queries contain no characters that are special
    // in HTML.
    let mut link = site.login_path();
    if let Some(return_to) = return_to {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("return_to", return_to);
        link = format!("{link}?{}", query.finish());
    }
    if !kind.links_to_login() {
        link.clear();
    }
    pending(kind, link, None)
}

/// Shows that a login cannot be finished yet, with a link to the same callback.
pub(super) fn try_again(callback: String) -> Response {
    pending(LoginPageKind::Unavailable, callback, None)
}

/// Shows the page that confirms a logout.
///
/// `fief` is the origin that the logout redirects to: the content security
/// policy applies to redirects of a form as well.
pub(super) fn logout_confirmation(site: &LoginConfig, fief: String) -> Response {
    let mut response = pending(LoginPageKind::LogOut, site.logout_path(), Some(fief));
    // With `no-referrer`, the form would be posted with `Origin: null` and the
    // logout would have to be confirmed again.
    let policy = HeaderValue::from_static("same-origin");
    response
        .headers_mut()
        .insert(header::REFERRER_POLICY, policy);
    response
}

/// Shows the page of a logout that the session store does not know of yet. It
/// links to Fief's own logout.
pub(super) fn logout_incomplete(fief_logout: String) -> Response {
    pending(LoginPageKind::LogoutIncomplete, fief_logout, None)
}

/// Returns a response whose page [`render`] adds.
fn pending(kind: LoginPageKind, link: String, form_target: Option<String>) -> Response {
    let mut response = kind.status().into_response();
    response.extensions_mut().insert(LoginPage {
        kind,
        link,
        request: OwnedHead::default(),
        form_target,
    });
    response
}

/// Middleware that renders the page of a response, if it has one. Applies the
/// application's hook, if there is one.
pub(super) async fn render(
    State(auth): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let head = OwnedHead::of(RequestHead::of(&request));
    let mut response = next.run(request).await;
    let Some(mut page) = response.extensions_mut().remove::<LoginPage>() else {
        return response;
    };
    page.request = head;
    let hook = auth.site().and_then(|site| site.on_login_page.as_ref());
    let mut rendered = match hook {
        Some(hook) => hook(page),
        None => page.into_response(),
    };
    let headers = rendered.headers_mut();
    for (name, value) in response.headers() {
        if name == header::SET_COOKIE {
            headers.append(name, value.clone());
        } else {
            headers.insert(name, value.clone());
        }
    }
    rendered
}
