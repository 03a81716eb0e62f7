use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use url::form_urlencoded;

use super::{
    config::LoginConfig,
    page::{LoginPage, LoginPageKind},
};

/// A page that offers a new login, with the page to come back to.
pub(super) fn show(site: &LoginConfig, kind: LoginPageKind, return_to: Option<&str>) -> Response {
    // Serialised pairs and the paths of a route have no characters that HTML gives a meaning to.
    let mut link = site.login_path();
    if let Some(return_to) = return_to {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("return_to", return_to);
        link = format!("{link}?{}", query.finish());
    }
    if let LoginPageKind::Failed | LoginPageKind::Looping = kind {
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

/// The question whether to log out, from where the browser goes on to this Fief.
pub(super) fn logout_confirmation(site: &LoginConfig, fief: String) -> Response {
    let page = render(
        site,
        LoginPage {
            kind: LoginPageKind::LogOut,
            link: site.logout_path(),
            form_target: Some(fief),
        },
    );
    // With `no-referrer` the form's `Origin` would be `null`, and the question asked again for ever.
    ([(header::REFERRER_POLICY, "same-origin")], page).into_response()
}

fn render(site: &LoginConfig, page: LoginPage) -> Response {
    match &site.on_login_page {
        Some(hook) => hook(page),
        None => page.into_response(),
    }
}
