//! What a rejected request gets, as an API caller, as a script and as a page.

use std::time::Duration;

use axum::{
    Router,
    http::{Request, header, request::Builder},
    response::{Html, IntoResponse},
};
use fief_axum::{FiefAuth, RejectionKind, RequireLayer};
use fief_client::FiefAcr;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{Answer, api, call, fief, one, page, send, site, unchecked};

fn guarded(guard: RequireLayer) -> Router {
    one(unchecked().route_layer(guard))
}

/// What a token gets in front of a guard of an API.
async fn answer(
    server: &FiefTestServer,
    token: &str,
    guard: impl Fn(&FiefAuth) -> RequireLayer,
) -> Answer {
    send(&guarded(guard(&api(server))), call(token)).await
}

fn assert_is(answer: &Answer, status: u16, error: &str, challenge: &str) {
    assert_eq!(answer.status, status);
    assert_eq!(answer.error(), error);
    assert_eq!(answer.challenge(), challenge);
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/json");
    assert!(answer.json()["error_description"].is_string());
}

/// ER-1, Q39
#[tokio::test]
async fn no_credentials_get_a_challenge_without_an_error() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);

    let plain = send(&guarded(auth.require()), Request::get("/")).await;
    let scoped = send(
        &guarded(auth.require().scope("a").scope("b")),
        Request::get("/"),
    )
    .await;

    assert_is(&plain, 401, "unauthorized", "Bearer");
    assert_is(&scoped, 401, "unauthorized", r#"Bearer scope="a b""#);
}

/// ER-1, ER-5
#[tokio::test]
async fn an_invalid_and_an_expired_token_are_invalid_tokens() {
    let server = FiefTestServer::start().await;
    let challenge = r#"Bearer error="invalid_token""#;
    let foreign = server.access_token().foreign_key().mint();
    let expired = server.access_token().expires_in(-3600).mint();

    let foreign = answer(&server, &foreign, FiefAuth::require).await;
    let expired = answer(&server, &expired, FiefAuth::require).await;
    let garbage = answer(&server, "garbage", FiefAuth::require).await;

    assert_is(&foreign, 401, "invalid_token", challenge);
    assert_is(&expired, 401, "invalid_token", challenge);
    assert_eq!(foreign.body, garbage.body);
}

/// ER-1
#[tokio::test]
async fn a_malformed_header_is_an_invalid_request() {
    let server = FiefTestServer::start().await;
    let answer = answer(&server, "two tokens", FiefAuth::require).await;

    assert_is(
        &answer,
        400,
        "invalid_request",
        r#"Bearer error="invalid_request""#,
    );
}

/// ER-2
#[tokio::test]
async fn a_missing_scope_names_all_that_are_required() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();

    let answer = answer(&server, &token, |auth| {
        auth.require().scope("openid").scope("castles")
    })
    .await;

    let challenge = r#"Bearer error="insufficient_scope", scope="openid castles""#;
    assert_is(&answer, 403, "insufficient_scope", challenge);
}

/// ER-2
#[tokio::test]
async fn a_missing_permission_has_a_code_of_its_own() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();

    let permission = answer(&server, &token, |auth| auth.require().permission("castles")).await;
    let predicate = answer(&server, &token, |auth| auth.require().predicate(|_| false)).await;

    let challenge = r#"Bearer error="insufficient_scope""#;
    assert_is(&permission, 403, "insufficient_permissions", challenge);
    assert_is(&predicate, 403, "forbidden", challenge);
}

/// ER-3, D9
#[tokio::test]
async fn a_step_up_names_the_acr_and_the_age_together() {
    let server = FiefTestServer::start().await;
    let acr = |auth: &FiefAuth| auth.require().acr(FiefAcr::LevelOne);
    let both = |auth: &FiefAuth| acr(auth).max_age(Duration::from_secs(300));
    let low = server.access_token().acr("0").mint();
    let old = server
        .access_token()
        .acr("1")
        .authenticated(Duration::from_secs(9000))
        .mint();
    let code = "insufficient_user_authentication";

    let alone = answer(&server, &low, acr).await;
    let together = answer(&server, &low, both).await;
    let aged = answer(&server, &old, both).await;

    let challenge = format!(r#"Bearer error="{code}", acr_values="1""#);
    assert_is(&alone, 401, code, &challenge);
    let challenge = format!(r#"Bearer error="{code}", acr_values="1", max_age="300""#);
    assert_is(&together, 401, code, &challenge);
    assert_is(&aged, 401, code, &challenge);
}

/// ER-7, D5, Q31
#[tokio::test]
async fn a_fief_that_is_away_is_503_with_a_time_to_try_again() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Jwks, Fault::status(500));
    let token = server.access_token().mint();

    let answer = answer(&server, &token, |auth| auth.require().permission("admin")).await;

    assert_is(&answer, 503, "temporarily_unavailable", "");
    assert_eq!(answer.header(header::RETRY_AFTER), "5");
}

/// ER-4
#[tokio::test]
async fn quotes_and_backslashes_are_escaped_and_nothing_breaks_the_header() {
    let server = FiefTestServer::start().await;
    let auth = FiefAuth::builder(fief(&server))
        .realm(r#"a "b\c""#)
        .build()
        .unwrap();
    let broken = guarded(api(&server).require().scope("a\r\nb"));

    let escaped = send(&guarded(auth.require()), Request::get("/")).await;
    let broken = send(&broken, Request::get("/")).await;

    assert_eq!(escaped.challenge(), r#"Bearer realm="a \"b\\c\"""#);
    assert_eq!(broken.challenge(), "Bearer");
}

/// A realm that no header can carry is refused when it is set.
#[tokio::test]
async fn a_realm_has_to_fit_into_a_header() {
    let server = FiefTestServer::start().await;
    let built = FiefAuth::builder(fief(&server)).realm("a\nb").build();

    assert!(built.unwrap_err().to_string().contains("realm"));
}

fn with_token(request: Builder, token: &str) -> Builder {
    request.header(header::AUTHORIZATION, format!("Bearer {token}"))
}

/// ER-6, D9, N06, N07
#[tokio::test]
async fn a_page_leads_to_the_login_and_back_with_its_query() {
    let server = FiefTestServer::start().await;
    let app = Router::new().route("/castles", unchecked().route_layer(site(&server).require()));

    let answer = send(&app, page("/castles?a=1&b=x%20y")).await;

    assert_eq!(answer.status, 303);
    let location = answer.header(header::LOCATION);
    assert_eq!(
        location,
        "/login?return_to=%2Fcastles%3Fa%3D1%26b%3Dx%2520y"
    );
    assert_eq!(answer.challenge(), "");
}

/// D9
#[tokio::test]
async fn a_nested_page_comes_back_to_the_address_that_the_browser_knows() {
    let server = FiefTestServer::start().await;
    let castles = Router::new().route("/all", unchecked().route_layer(site(&server).require()));
    let app = Router::new().nest("/castles", castles);

    let answer = send(&app, page("/castles/all")).await;

    assert_eq!(
        answer.header(header::LOCATION),
        "/login?return_to=%2Fcastles%2Fall"
    );
}

/// ER-3, D9
#[tokio::test]
async fn a_step_up_page_asks_for_the_acr_and_the_age_at_once() {
    let server = FiefTestServer::start().await;
    let guard = site(&server)
        .require()
        .acr(FiefAcr::LevelOne)
        .max_age(Duration::from_secs(60));
    let token = server.access_token().mint();

    let answer = send(&guarded(guard), with_token(page("/"), &token)).await;

    assert_eq!(answer.status, 303);
    assert_eq!(
        answer.header(header::LOCATION),
        "/login?return_to=%2F&acr=1&max_age=60"
    );
}

/// ER-6, Q38
#[tokio::test]
async fn a_script_and_a_form_are_never_redirected() {
    let server = FiefTestServer::start().await;
    let app = guarded(site(&server).require());
    let fetch = Request::get("/")
        .header("sec-fetch-mode", "cors")
        .header("accept", "text/html");
    let json = Request::get("/").header("accept", "application/json");
    let post = Request::post("/")
        .header("sec-fetch-mode", "navigate")
        .header("accept", "text/html");

    for request in [fetch, json, post] {
        let answer = send(&app, request).await;
        assert_is(&answer, 401, "unauthorized", "Bearer");
        assert_eq!(answer.header(header::LOCATION), "");
    }
}

/// ER-6
#[tokio::test]
async fn a_browser_without_fetch_metadata_is_known_by_what_it_accepts() {
    let server = FiefTestServer::start().await;
    let app = guarded(site(&server).require());

    let answer = send(
        &app,
        Request::get("/").header("accept", "text/html,*/*;q=0.8"),
    )
    .await;

    assert_eq!(answer.status, 303);
}

/// D9
#[tokio::test]
async fn without_a_login_a_page_is_answered_like_an_api() {
    let server = FiefTestServer::start().await;
    let answer = send(&guarded(api(&server).require()), page("/")).await;

    assert_is(&answer, 401, "unauthorized", "Bearer");
}

/// N09, ER-6
#[tokio::test]
async fn a_page_that_one_may_not_see_is_a_page_that_says_so() {
    let server = FiefTestServer::start().await;
    let auth = site(&server);
    let token = server.access_token().mint();
    let scope = guarded(auth.require().scope("castles"));
    let permission = guarded(auth.require().permission("castles"));

    for app in [scope, permission] {
        let answer = send(&app, with_token(page("/"), &token)).await;
        assert_eq!(answer.status, 403);
        assert!(answer.header(header::CONTENT_TYPE).starts_with("text/html"));
        assert!(answer.body.contains("Forbidden"));
        assert!(
            answer
                .header(header::CONTENT_SECURITY_POLICY)
                .contains("default-src 'none'")
        );
    }
}

/// ER-7
#[tokio::test]
async fn a_page_while_fief_is_away_is_a_page_that_says_so() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(503));
    let token = server.access_token().mint();

    let answer = send(
        &guarded(site(&server).require()),
        with_token(page("/"), &token),
    )
    .await;

    assert_eq!(answer.status, 503);
    assert_eq!(answer.header(header::RETRY_AFTER), "5");
    assert!(answer.body.contains("Service Unavailable"));
}

/// D9, Q30
#[tokio::test]
async fn the_applications_own_answer_is_final_even_when_it_is_a_success() {
    let server = FiefTestServer::start().await;
    let auth = FiefAuth::builder(fief(&server))
        .on_rejection(|_| "outside")
        .build()
        .unwrap();

    let answer = send(&guarded(auth.require()), Request::get("/")).await;

    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (200, "outside")
    );
    assert_eq!(answer.header(header::VARY), "Cookie, Authorization");
}

/// D9
#[tokio::test]
async fn the_applications_own_answer_knows_what_was_missing_and_where_to_log_in() {
    let server = FiefTestServer::start().await;
    let key = fief_axum::SessionKey::generate().unwrap();
    let builder = FiefAuth::builder(fief(&server)).login(super::APP, key);
    let auth = builder.on_rejection(|rejection| match rejection.kind() {
        RejectionKind::MissingPermission { permissions } => permissions.join(",").into_response(),
        _ if rejection.is_navigation() => {
            Html(rejection.login_url().unwrap().to_owned()).into_response()
        }
        _ => rejection.into_response(),
    });
    let app = guarded(auth.build().unwrap().require().permission("castles:read"));
    let token = server.access_token().mint();

    assert_eq!(send(&app, call(&token)).await.body, "castles:read");
    assert_eq!(send(&app, page("/")).await.body, "/login?return_to=%2F");
    assert_eq!(send(&app, Request::get("/")).await.error(), "unauthorized");
}
