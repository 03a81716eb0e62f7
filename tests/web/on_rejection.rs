//! Responses to rejections by the application itself.

use axum::{
    http::{Request, header},
    response::{Html, IntoResponse},
};
use fief_axum::{FiefAuth, RejectionKind, SessionKey};
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{APP, api, call, fief, guarded, page, send};

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
