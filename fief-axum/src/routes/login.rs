//! The login route: starts a login at Fief.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use fief_client::{
    AuthorizationRequest, FiefAcr, Prompt, Screen,
    internal::{Chain, unix_seconds},
};
use url::form_urlencoded;

use super::{
    attempt::Attempt,
    config::LoginConfig,
    failure::failure,
    loop_guard::{LoginCounter, Verdict},
    page::LoginPageKind,
    redirect::redirect,
    show::{show, show_loop, silent_failure},
};
use crate::{cookie::Jar, log::limited, request::head::RequestHead, shared::Shared};

/// Redirects to Fief's login page, and keeps the attempt in a cookie.
pub(super) async fn login(
    State(auth): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let Some(site) = auth.site() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    site.address.note_host(RequestHead::of_parts(&parts));
    let headers = &parts.headers;
    let params = LoginParams::read(site, query.as_deref().unwrap_or_default());
    let now = unix_seconds(auth.fief().now());
    if let Some(response) = stop_loop(site, headers, &params, now) {
        return response;
    }
    let started = auth
        .fief()
        .begin_login(&site.redirect_uri, params.request)
        .await;
    let (url, attempt) = match started {
        Ok(started) => started,
        Err(error) => return show(site, failure(site, &error), Some(&params.return_to)),
    };
    let mut attempt = Attempt::new(attempt, params.return_to, auth.fief().now());
    attempt.is_silent = params.is_silent;
    attempt.without_consent = params.without_consent;
    attempt.remember = params.remember;
    let jar = Jar::new(headers);
    match attempt.write(&site.sessions.cookies, jar, url.as_str()) {
        Ok(cookies) => redirect(url.as_str(), &cookies),
        Err(error) => {
            limited!(error, auth.fief(), error = %Chain(&error), "failed to start a login");
            show(site, LoginPageKind::Failed, None)
        }
    }
}

/// Returns the response to a login of a browser that logged in too often without
/// effect, or `None` if it may begin.
fn stop_loop(
    site: &LoginConfig,
    headers: &HeaderMap,
    params: &LoginParams,
    now: u64,
) -> Option<Response> {
    let config = &site.sessions.cookies;
    let counter = LoginCounter::read(config, Jar::new(headers), now);
    let verdict = counter.verdict(params.is_silent, now);
    if let Verdict::Begin = verdict {
        return None;
    }
    limited!(
        warn,
        &site.sessions.fief,
        "redirect loop: check that no page redirects authenticated users to the login route, or \
         repeats a silent login that failed"
    );
    Some(match verdict {
        Verdict::Begin | Verdict::GoBack => {
            silent_failure(&params.return_to, counter.next_silent(config))
        }
        Verdict::Stop(retry_after) => show_loop(site, &params.return_to, retry_after),
    })
}

/// Query parameters of the login route.
///
/// Only these are passed on to Fief. Unknown or invalid ones are ignored.
struct LoginParams {
    request: AuthorizationRequest,
    return_to: String,
    /// Whether the login must not show a page of Fief (`prompt=none`). It then
    /// fails if the user is not logged in to Fief.
    is_silent: bool,
    /// The same query without `prompt=consent` and the page.
    without_consent: Option<String>,
    /// Whether the session is to be remembered, if that is allowed and said.
    remember: Option<bool>,
}

impl LoginParams {
    fn read(site: &LoginConfig, query: &str) -> Self {
        let mut request = site.request.clone();
        let mut return_to = Vec::new();
        let mut prompt = None;
        let mut remember = None;
        let mut without_prompt = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if let "acr" | "lang" | "login_hint" | "max_age" | "remember" | "screen" = &*name {
                without_prompt.append_pair(&name, &value);
            }
            request = match (&*name, &*value) {
                ("acr", "0") => request.acr(FiefAcr::LevelZero),
                ("acr", "1") => request.acr(FiefAcr::LevelOne),
                ("lang", lang) if is_language(lang) => request.lang(lang),
                ("login_hint", hint) if is_login_hint(hint) => request.login_hint(hint),
                ("max_age", age) => match age.parse::<u32>() {
                    Ok(age) => request.max_age(Duration::from_secs(age.into())),
                    Err(_) => request,
                },
                ("prompt", value) => {
                    prompt = parse_prompt(value).or(prompt);
                    request
                }
                ("remember", value) => {
                    remember = parse_remember(value).or(remember);
                    request
                }
                ("screen", "register") => request.screen(Screen::Register),
                ("return_to", page) => {
                    return_to.push(site.return_to(page));
                    request
                }
                _ => request,
            };
        }
        // Ignore a repeated `return_to`: one of them may have been injected.
        let return_to = match return_to.as_mut_slice() {
            [page] => page.take(),
            _ => None,
        };
        Self {
            request: match prompt {
                Some(prompt) => request.prompt(prompt),
                None => request,
            },
            return_to: return_to.unwrap_or_else(|| site.after_login.clone()),
            is_silent: prompt == Some(Prompt::None),
            remember: remember.filter(|_| site.sessions.config.remember.is_some()),
            without_consent: (prompt == Some(Prompt::Consent)).then(|| without_prompt.finish()),
        }
    }
}

fn parse_prompt(prompt: &str) -> Option<Prompt> {
    match prompt {
        "consent" => Some(Prompt::Consent),
        "login" => Some(Prompt::Login),
        "none" => Some(Prompt::None),
        _ => None,
    }
}

/// Parses the value of a checkbox, or a boolean.
fn parse_remember(value: &str) -> Option<bool> {
    match value {
        "1" | "on" | "true" => Some(true),
        "0" | "off" | "false" => Some(false),
        _ => None,
    }
}

/// Returns whether a value looks like a language tag, such as `fr-FR`.
fn is_language(lang: &str) -> bool {
    (2..=35).contains(&lang.len())
        && lang
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Returns whether a value may be an e-mail address.
fn is_login_hint(hint: &str) -> bool {
    hint.len() <= 320 && !hint.chars().any(char::is_control)
}
