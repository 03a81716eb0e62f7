use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use url::form_urlencoded;

use super::{
    config::LoginConfig,
    page::{LoginPage, LoginPageKind},
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
    render(
        site,
        LoginPage {
            kind,
            link,
            form_target: None,
        },
    )
}

/// Shows that a login cannot be finished yet, with a link to the same callback.
pub(super) fn try_again(site: &LoginConfig, callback: String) -> Response {
    render(
        site,
        LoginPage {
            kind: LoginPageKind::Unavailable,
            link: callback,
            form_target: None,
        },
    )
}

/// Shows the page that confirms a logout.
///
/// `fief` is the origin that the logout redirects to: the content security
/// policy applies to redirects of a form as well.
pub(super) fn logout_confirmation(site: &LoginConfig, fief: String) -> Response {
    let page = render(
        site,
        LoginPage {
            kind: LoginPageKind::LogOut,
            link: site.logout_path(),
            form_target: Some(fief),
        },
    );
    // With `no-referrer`, the form would be posted with `Origin: null` and the
    // logout would have to be confirmed again.
    ([(header::REFERRER_POLICY, "same-origin")], page).into_response()
}

/// Shows the page of a logout that the session store does not know of yet. It
/// links to Fief's own logout.
pub(super) fn logout_incomplete(site: &LoginConfig, fief_logout: String) -> Response {
    render(
        site,
        LoginPage {
            kind: LoginPageKind::LogoutIncomplete,
            link: fief_logout,
            form_target: None,
        },
    )
}

/// Applies the application's hook, if there is one.
fn render(site: &LoginConfig, page: LoginPage) -> Response {
    match &site.on_login_page {
        Some(hook) => hook(page),
        None => page.into_response(),
    }
}
