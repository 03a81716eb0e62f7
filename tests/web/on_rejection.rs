//! Responses to rejections by the application itself.

use axum::{
    Router,
    http::{Request, header},
    response::{Html, IntoResponse},
    routing::get,
};
use fief_axum::{Authorized, FiefAuth, Policy, RejectionKind, SessionKey};
use fief_client::{FiefAccessTokenInfo, Requirements};
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{APP, EMAIL, api, call, fief, guarded, one, page, send, unchecked};

/// D9, Q30
#[tokio::test]
async fn the_applications_own_response_is_final_even_if_it_is_a_success() {
    let server = FiefTestServer::start().await;
    let auth = FiefAuth::builder(fief(&server))
        .on_rejection(|_| "outside")
        .build()
        .unwrap();

    let response = send(&guarded(auth.require()), Request::get("/")).await;

    assert_eq!(
        (response.status.as_u16(), response.body.as_str()),
        (200, "outside")
    );
    assert_eq!(response.header(header::VARY), "Cookie, Authorization");
}

/// D9
#[tokio::test]
async fn the_applications_own_response_knows_what_was_missing_and_where_to_log_in() {
    let server = FiefTestServer::start().await;
    let key = SessionKey::generate().unwrap();
    let builder = FiefAuth::builder(fief(&server)).login(APP, key);
    let auth = builder.on_rejection(|rejection| match rejection.kind() {
        RejectionKind::MissingPermission { permissions, .. } => {
            permissions.join(",").into_response()
        }
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

/// D9
#[tokio::test]
async fn the_application_handles_every_rejection() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(500));
    let builder = FiefAuth::builder(fief(&server))
        .on_rejection(|rejection| format!("{:?}", rejection.kind()));
    let auth = builder.build().unwrap();
    let foreign = guarded(auth.require()).layer(api(&server).layer());
    let token = server.access_token().mint();

    let away = send(&guarded(auth.require()), call(&token)).await;

    assert_eq!(away.body, "Unavailable");
    assert_eq!(send(&foreign, call(&token)).await.body, "Misconfigured");
}

/// D9: RFC 9110, section 11.6.1
#[tokio::test]
async fn the_applications_own_response_can_carry_the_challenge() {
    let server = FiefTestServer::start().await;
    let builder = FiefAuth::builder(fief(&server)).on_rejection(|rejection| {
        let challenge = rejection.challenge().cloned();
        let challenge = challenge.map(|challenge| [(header::WWW_AUTHENTICATE, challenge)]);
        (rejection.kind().status(), challenge, "outside")
    });
    let auth = builder.build().unwrap();

    let response = send(&guarded(auth.require().scope("castles")), Request::get("/")).await;

    assert_eq!(response.status, 401);
    assert_eq!(response.challenge(), r#"Bearer scope="castles""#);
}

/// D9
#[tokio::test]
async fn the_applications_own_response_knows_the_request_and_its_token() {
    let server = FiefTestServer::start().await;
    let builder = FiefAuth::builder(fief(&server)).on_rejection(|rejection| {
        let (method, uri) = (rejection.method(), rejection.uri());
        let id = rejection.headers()["x-request-id"].to_str().unwrap();
        let user = rejection.token().map(|token| token.id().to_string());
        format!("{method} {uri} {id} {}", user.unwrap_or_default())
    });
    let auth = builder.build().unwrap();
    let castles = Router::new().route("/all", unchecked().route_layer(auth.require().scope("x")));
    let app = Router::new().nest("/castles", castles);
    let request = || Request::post("/castles/all?a=1").header("x-request-id", "7");
    let token = |token: String| request().header(header::AUTHORIZATION, format!("Bearer {token}"));
    let user = server.user_id(EMAIL);

    let missing = send(&app, request()).await;
    let lacking = send(&app, token(server.access_token().mint())).await;
    let expired = send(&app, token(server.access_token().expired().mint())).await;

    assert_eq!(missing.body, "POST /castles/all?a=1 7 ");
    assert_eq!(lacking.body, format!("POST /castles/all?a=1 7 {user}"));
    assert_eq!(expired.body, missing.body);
}

/// D9
#[tokio::test]
async fn an_extractors_rejection_knows_the_token_as_well() {
    let server = FiefTestServer::start().await;
    let builder = FiefAuth::builder(fief(&server));
    let builder = builder.on_rejection(|rejection| rejection.token().is_some().to_string());
    let auth = builder.build().unwrap();
    let app = one(get(async |_: Authorized<Never>| "inside")).layer(auth.layer());

    let response = send(&app, call(&server.access_token().mint())).await;

    assert_eq!(response.body, "true");
}

struct Never;

impl Policy for Never {
    fn requirements() -> Requirements {
        Requirements::new()
    }

    fn allows(_: &FiefAccessTokenInfo) -> bool {
        false
    }
}

/// D9, FD-50, FD-55
#[tokio::test]
async fn the_applications_own_page_of_a_form_knows_where_to_log_in() {
    let server = FiefTestServer::start().await;
    let key = SessionKey::generate().unwrap();
    let builder = FiefAuth::builder(fief(&server)).login(APP, key);
    let auth = builder.on_rejection(|rejection| {
        assert!(rejection.is_navigation());
        let urls = [rejection.login_url(), rejection.other_user_url()];
        urls.map(Option::unwrap_or_default).join(" ")
    });
    let app = guarded(auth.build().unwrap().require().scope("castles"));
    let form = || {
        page("/")
            .method("POST")
            .header(header::REFERER, format!("{APP}/new"))
    };
    let token = format!("Bearer {}", server.access_token().mint());

    let missing = send(&app, form()).await;
    let lacking = send(&app, form().header(header::AUTHORIZATION, token)).await;

    assert_eq!(missing.body, "/login?return_to=%2Fnew ");
    assert_eq!(lacking.body, " /login?return_to=%2Fnew&prompt=login");
}

/// D9: RFC 9110, section 12.5.4
#[tokio::test]
async fn the_applications_own_response_knows_the_languages() {
    let server = FiefTestServer::start().await;
    let builder = FiefAuth::builder(fief(&server));
    let builder = builder.on_rejection(|rejection| rejection.languages().join(" "));
    let app = guarded(builder.build().unwrap().require());
    let languages = async |accepted: &[&str]| {
        let request = Request::get("/");
        let request = accepted.iter().fold(request, |request, accepted| {
            request.header(header::ACCEPT_LANGUAGE, *accepted)
        });
        send(&app, request).await.body
    };

    assert_eq!(
        languages(&["fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5"]).await,
        "fr-CH fr en"
    );
    assert_eq!(
        languages(&["en;q=0.1,de;Q=0.75, it ;q=1.000"]).await,
        "it de en"
    );
    assert_eq!(languages(&["en;q=0.5, de;q=0.5", "fr"]).await, "fr en de");
    assert_eq!(
        languages(&["en;q=0, de;q=2, fr;x=1, it;q=0.1234, <b>, ,es"]).await,
        "es"
    );
    assert_eq!(languages(&[]).await, "");
    let many = vec!["en"; 1000].join(",");
    assert_eq!(languages(&[&many]).await.len(), 32 * 3 - 1);
}
