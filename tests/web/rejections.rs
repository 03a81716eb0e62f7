//! Every kind of rejection, as callers of an API and as visitors of a page get it.

use std::time::Duration;

use axum::{
    Router,
    http::{Request, header, request::Builder},
};
use fief_axum::{FiefAuth, SessionKey};
use fief_client::FiefAcr;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::json;

use super::{APP, COOKIE, EMAIL, TestResponse, api, fief, guarded, page, send};

/// The kinds of rejections, as their `Debug` writes them.
#[derive(Debug, Eq, PartialEq)]
pub enum Kind {
    AcrTooLow { required: FiefAcr },
    AuthTooOld { max_age: Duration },
    CrossSite,
    Denied,
    Expired,
    Forbidden,
    Invalid,
    Malformed,
    Misconfigured,
    MissingCredentials,
    MissingPermission { permissions: Vec<String> },
    MissingScope { scope: String },
    Unavailable,
}

/// The response to a kind.
pub struct Case {
    pub kind: Kind,
    pub status: u16,
    pub error: &'static str,
    pub description: &'static str,
    pub challenge: &'static str,
    /// Where a page leads; empty where logging in does not help.
    pub login: &'static str,
}

const MAX_AGE: Duration = Duration::from_secs(300);

pub fn cases() -> [Case; 13] {
    let case = |kind, status, error, description, challenge, login| Case {
        kind,
        status,
        error,
        description,
        challenge,
        login,
    };
    let required = FiefAcr::LevelOne;
    let permissions = vec!["create".to_owned()];
    let scope = "castles".to_owned();
    [
        case(
            Kind::AcrTooLow { required },
            401,
            "insufficient_user_authentication",
            "A stronger login is required.",
            r#"Bearer error="insufficient_user_authentication", acr_values="1""#,
            "/login?return_to=%2F&acr=1",
        ),
        case(
            Kind::AuthTooOld { max_age: MAX_AGE },
            401,
            "insufficient_user_authentication",
            "A more recent login is required.",
            r#"Bearer error="insufficient_user_authentication", max_age="300""#,
            "/login?return_to=%2F&max_age=300",
        ),
        case(
            Kind::CrossSite,
            403,
            "cross_site_request",
            "The request does not come from this site.",
            "",
            "",
        ),
        case(
            Kind::Denied,
            401,
            "invalid_token",
            "The access token is invalid.",
            r#"Bearer error="invalid_token""#,
            "/login?return_to=%2F",
        ),
        case(
            Kind::Expired,
            401,
            "invalid_token",
            "The access token has expired.",
            r#"Bearer error="invalid_token""#,
            "/login?return_to=%2F",
        ),
        case(
            Kind::Forbidden,
            403,
            "forbidden",
            "Access is not allowed.",
            r#"Bearer error="insufficient_scope""#,
            "",
        ),
        case(
            Kind::Invalid,
            401,
            "invalid_token",
            "The access token is invalid.",
            r#"Bearer error="invalid_token""#,
            "/login?return_to=%2F",
        ),
        case(
            Kind::Malformed,
            400,
            "invalid_request",
            "The access token is malformed or repeated.",
            r#"Bearer error="invalid_request""#,
            "",
        ),
        case(
            Kind::Misconfigured,
            500,
            "server_error",
            "The server is misconfigured.",
            "",
            "",
        ),
        case(
            Kind::MissingCredentials,
            401,
            "unauthorized",
            "Credentials are required.",
            "Bearer",
            "/login?return_to=%2F",
        ),
        case(
            Kind::MissingPermission { permissions },
            403,
            "insufficient_permissions",
            "A required permission is missing.",
            r#"Bearer error="insufficient_scope""#,
            "",
        ),
        case(
            Kind::MissingScope { scope },
            403,
            "insufficient_scope",
            "A required scope is missing.",
            r#"Bearer error="insufficient_scope", scope="castles""#,
            "",
        ),
        case(
            Kind::Unavailable,
            503,
            "temporarily_unavailable",
            "Authentication is not available at the moment.",
            "",
            "",
        ),
    ]
}

/// A site with responses that name the kind.
fn site(server: &FiefTestServer) -> FiefAuth {
    let key = SessionKey::generate().unwrap();
    let builder = FiefAuth::builder(fief(server)).login(APP, key);
    let builder = builder
        .access_token_cookie(COOKIE)
        .on_rejection(|rejection| {
            let kind = rejection.kind();
            let (status, code, text) = (kind.status(), kind.code(), kind.description());
            let headers = [
                ("x-kind", format!("{kind:?}")),
                ("x-kind-says", format!("{} {code} {text}", status.as_u16())),
            ];
            (headers, rejection)
        });
    builder.build().unwrap()
}

/// Returns an application that rejects the request of [`with_credentials`] with this kind.
fn app(server: &FiefTestServer, auth: &FiefAuth, kind: &Kind) -> Router {
    let guard = auth.require();
    guarded(match kind {
        Kind::AcrTooLow { required } => guard.acr(*required),
        Kind::AuthTooOld { max_age } => guard.max_age(*max_age),
        Kind::Forbidden => guard.predicate(|_| false),
        Kind::MissingPermission { permissions } => guard.permission(&permissions[0]),
        Kind::MissingScope { scope } => guard.scope(scope),
        Kind::Misconfigured => return guarded(guard).layer(api(server).layer()),
        _ => guard,
    })
}

fn with_credentials(request: Builder, server: &FiefTestServer, kind: &Kind) -> Builder {
    let token = server.access_token();
    let token = match kind {
        Kind::MissingCredentials => return request,
        Kind::CrossSite => {
            let handshake = request.header(header::UPGRADE, "websocket");
            let cookie = format!("{COOKIE}={}", token.mint());
            return handshake.header(header::COOKIE, cookie);
        }
        Kind::Malformed => "two tokens".to_owned(),
        Kind::Invalid => "INVALID".to_owned(),
        Kind::Expired => token.expired().mint(),
        Kind::AuthTooOld { max_age } => token.authenticated_ago(2 * *max_age).mint(),
        _ => token.mint(),
    };
    request.header(header::AUTHORIZATION, format!("Bearer {token}"))
}

async fn response(server: &FiefTestServer, kind: &Kind, request: Builder) -> TestResponse {
    let response = respond(server, &site(server), kind, request).await;
    assert_eq!(response.header("x-kind"), format!("{kind:?}"));
    response
}

/// Returns what a `FiefAuth` responds to a request that is rejected with this kind.
pub async fn respond(
    server: &FiefTestServer,
    auth: &FiefAuth,
    kind: &Kind,
    request: Builder,
) -> TestResponse {
    if *kind == Kind::Unavailable {
        server.fault(Endpoint::Discovery, Fault::status(500));
    }
    let user = server.user_id(EMAIL);
    if *kind == Kind::Denied {
        auth.deny_user(user).await.unwrap();
    }
    let request = with_credentials(request, server, kind);
    let response = send(&app(server, auth, kind), request).await;
    if *kind == Kind::Denied {
        auth.allow_user(user).await.unwrap();
    }
    server.clear_faults();
    // Of what was not looked at, nothing is said about caching.
    if *kind != Kind::Misconfigured {
        assert_eq!(
            response.header(header::CACHE_CONTROL),
            "no-store",
            "{kind:?}"
        );
    }
    response
}

/// Seconds; only where waiting helps.
pub fn retry_after(kind: &Kind) -> &'static str {
    if *kind == Kind::Unavailable { "5" } else { "" }
}

/// ER-1, ER-2, ER-3, ER-5, ER-7, CS-1, D9
#[tokio::test]
async fn every_kind_has_its_status_headers_and_body() {
    let server = FiefTestServer::start().await;
    for case in cases() {
        let response = response(&server, &case.kind, Request::get("/")).await;

        let kind = case.kind;
        let says = format!("{} {} {}", case.status, case.error, case.description);
        assert_eq!(response.header("x-kind-says"), says);
        assert_eq!(response.status, case.status, "{kind:?}");
        assert_eq!(response.challenge(), case.challenge, "{kind:?}");
        assert_eq!(response.header(header::RETRY_AFTER), retry_after(&kind));
        assert_eq!(response.header(header::CONTENT_TYPE), "application/json");
        assert_eq!(response.header(header::LOCATION), "");
        let body = json!({ "error": case.error, "error_description": case.description });
        assert_eq!(response.json(), body, "{kind:?}");
    }
}

/// ER-6, ER-7, D9
#[tokio::test]
async fn every_kind_leads_a_page_to_the_login_or_says_what_is_wrong() {
    let server = FiefTestServer::start().await;
    for case in cases() {
        let response = response(&server, &case.kind, page("/")).await;

        assert_eq!(
            response.header(header::LOCATION),
            case.login,
            "{:?}",
            case.kind
        );
        if case.login.is_empty() {
            assert_says(&response, &case);
        } else {
            assert_eq!(response.status, 303, "{:?}", case.kind);
            assert_eq!((response.challenge(), response.body.as_str()), ("", ""));
        }
    }
}

/// That it is a page, which nothing else frames or runs scripts in.
fn assert_says(response: &TestResponse, case: &Case) {
    assert_eq!(response.status, case.status, "{:?}", case.kind);
    assert_eq!(response.challenge(), case.challenge, "{:?}", case.kind);
    assert_eq!(
        response.header(header::RETRY_AFTER),
        retry_after(&case.kind)
    );
    assert_eq!(
        response.header(header::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );
    let policy = response.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(response.header(header::X_FRAME_OPTIONS), "DENY");
    assert!(
        response.body.contains(case.description),
        "{}",
        response.body
    );
}
