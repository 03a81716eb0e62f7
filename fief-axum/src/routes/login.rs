use std::time::Duration;

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use fief_client::{AuthorizationRequest, FiefAcr, Prompt, Screen};
use url::form_urlencoded;

use super::page;
use crate::{
    FiefAuth,
    attempt::Attempt,
    request_auth::append_cookies,
    session::{Jar, seconds},
    site::Site,
};

/// Sends the browser to Fief.
pub(super) async fn login(
    State(auth): State<FiefAuth>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(site) = auth.site() else {
        return page::failure();
    };
    let wish = Wish::read(site, query.as_deref().unwrap_or_default());
    let begun = auth
        .fief()
        .begin_login(&site.redirect_uri, wish.request)
        .await;
    let (url, attempt) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            tracing::warn!(%error, "a login cannot begin");
            return page::unavailable(site);
        }
    };
    let attempt = Attempt::new(attempt, wish.return_to, seconds(auth.fief().now()));
    match attempt.write(site, Jar::new(&headers)) {
        Ok(cookies) => {
            let mut response = Redirect::to(url.as_str()).into_response();
            append_cookies(response.headers_mut(), &cookies);
            response
        }
        Err(error) => {
            tracing::error!(%error, "a login cannot begin");
            page::failure()
        }
    }
}

/// What the query of the login route may ask for, and nothing else. What is not understood is left out.
struct Wish {
    request: AuthorizationRequest,
    return_to: String,
}

impl Wish {
    fn read(site: &Site, query: &str) -> Self {
        let mut request = site.request.clone();
        let mut return_to = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            request = match (&*name, &*value) {
                ("acr", "0") => request.acr(FiefAcr::LevelZero),
                ("acr", "1") => request.acr(FiefAcr::LevelOne),
                ("lang", lang) if is_language(lang) => request.lang(lang),
                ("login_hint", hint) if is_hint(hint) => request.login_hint(hint),
                ("max_age", age) => match age.parse::<u32>() {
                    Ok(age) => request.max_age(Duration::from_secs(age.into())),
                    Err(_) => request,
                },
                ("prompt", "consent") => request.prompt(Prompt::Consent),
                ("prompt", "login") => request.prompt(Prompt::Login),
                ("prompt", "none") => request.prompt(Prompt::None),
                ("screen", "register") => request.screen(Screen::Register),
                ("return_to", page) => {
                    return_to.push(site.return_to(page));
                    request
                }
                _ => request,
            };
        }
        // Asked for twice is asked for by somebody else.
        let return_to = match return_to.as_mut_slice() {
            [page] => page.take(),
            _ => None,
        };
        Self {
            request,
            return_to: return_to.unwrap_or_else(|| site.after_login.clone()),
        }
    }
}

fn is_language(lang: &str) -> bool {
    (2..=35).contains(&lang.len())
        && lang
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_hint(hint: &str) -> bool {
    hint.len() <= 320 && !hint.chars().any(char::is_control)
}
