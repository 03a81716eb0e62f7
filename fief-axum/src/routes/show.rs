//! Shows the pages of the routes.
//!
//! A route says which page to show, in the extensions of its response. The
//! middleware [`render`] knows the request and the application's hook.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use fief_client::internal::Chain;
use tower_cookies::Cookie;
use url::form_urlencoded;

use super::{
    config::LoginConfig,
    page::{LoginPage, LoginPageKind},
};
use crate::{
    Error,
    catch_panic::call_hook,
    log::limited,
    request::{head::RequestHead, owned::OwnedHead},
    response::pending::append_cookies,
    shared::Shared,
};

/// Shows a page with a link to log in, which returns to the page `return_to`.
///
/// The link is empty if logging in again does not help.
pub(super) fn show(site: &LoginConfig, kind: LoginPageKind, return_to: Option<&str>) -> Response {
    let mut link = login_link(site, return_to, "");
    if !kind.links_to_login() {
        link.clear();
    }
    let mut response = pending(kind, link, None);
    if let Some(page) = response.extensions_mut().get_mut::<LoginPage>()
        && kind.depends_on_user()
    {
        page.other_user = Some(login_link(site, return_to, "prompt=login"));
    }
    response
}

/// Shows that the browser logged in too often without effect.
pub(super) fn show_loop(site: &LoginConfig, return_to: &str, retry_after: Duration) -> Response {
    let link = login_link(site, Some(return_to), "");
    let mut response = pending(LoginPageKind::Looping, link, None);
    if let Some(page) = response.extensions_mut().get_mut::<LoginPage>() {
        page.retry_after = retry_after;
    }
    response
}

/// Redirects back to the page of a silent login that failed, and keeps that in the
/// `counter`.
pub(super) fn silent_failure(return_to: &str, counter: Result<Cookie<'static>, Error>) -> Response {
    let mut response = Redirect::to(return_to).into_response();
    match counter {
        Ok(counter) => append_cookies(response.headers_mut(), &[counter]),
        Err(error) => limited!(error, process, error = %Chain(&error), "failed to count a login"),
    }
    response
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

/// Returns the link to a login that returns to a page, with further parameters.
///
/// Fixed paths and serialized queries contain no characters that are special in
/// HTML.
pub(super) fn login_link(site: &LoginConfig, return_to: Option<&str>, params: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(params.to_owned());
    query.extend_pairs(return_to.map(|page| ("return_to", page)));
    let (path, query) = (site.login_path(), query.finish());
    if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    }
}

/// Returns a response whose page [`render`] adds.
fn pending(kind: LoginPageKind, link: String, form_target: Option<String>) -> Response {
    let mut response = kind.status().into_response();
    response.extensions_mut().insert(LoginPage {
        kind,
        link,
        other_user: None,
        app_url: String::new(),
        request: OwnedHead::default(),
        form_target,
        retry_after: RETRY_AFTER,
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
    let hook = auth.site().and_then(|site| {
        site.address.url().clone_into(&mut page.app_url);
        site.on_login_page.as_ref()
    });
    let mut rendered = match hook.map(|hook| call_hook(|| hook(page.clone()))) {
        Some(Ok(rendered)) => rendered,
        Some(Err(panicked)) => {
            limited!(error, auth.fief(), error = %panicked, "`on_login_page` failed: the default page is shown");
            page.into_response()
        }
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

/// After how long a login may succeed that is unavailable for the moment.
const RETRY_AFTER: Duration = Duration::from_secs(5);
