//! Guards and what they require.

use std::time::{Duration, UNIX_EPOCH};

use axum::{Router, http::Request, routing::get};
use fief_client::{FiefAcr, Requirements};
use fief_test_server::FiefTestServer;

use super::{api, call, guarded, one, send, status, unchecked, whoami};

/// I01
#[tokio::test]
async fn requests_without_a_valid_token_are_rejected() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let app = one(unchecked().route_layer(auth.require())).layer(auth.layer());
    let expired = server.access_token().expired().mint();

    let none = send(&app, Request::get("/")).await;
    let schemeless = send(&app, Request::get("/").header("authorization", "TOKEN")).await;

    assert_eq!(none.status, 401);
    assert_eq!(schemeless.status, 401);
    assert_eq!(status(&app, "INVALID").await, 401);
    assert_eq!(status(&app, &expired).await, 401);
}

/// I02
#[tokio::test]
async fn a_valid_token_reaches_the_handler_which_serialises_it_without_itself() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let token = server
        .access_token()
        .permission("castles:read")
        .acr("1")
        .mint();
    let me = get(async |fief_axum::Authenticated(token)| axum::Json(token));
    let app = one(me.route_layer(auth.require())).layer(auth.layer());

    let response = send(&app, call(&token)).await;

    assert_eq!(response.status, 200);
    let json = response.json();
    assert_eq!(json["id"], server.user_id(super::EMAIL).to_string());
    assert_eq!(json["scope"][0], "openid");
    assert_eq!(json["acr"], "1");
    assert_eq!(json["permissions"][0], "castles:read");
    assert!(!response.body.contains(&token));
}

/// I05
#[tokio::test]
async fn every_scope_is_required() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let app = one(unchecked().route_layer(auth.require().scope("openid").scope("castles")));

    assert_eq!(status(&app, &server.access_token().mint()).await, 403);
    let castles = server.access_token().scope("castles").mint();
    assert_eq!(status(&app, &castles).await, 200);
}

/// I06
#[tokio::test]
async fn a_low_acr_requires_a_stronger_login() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let app = one(unchecked().route_layer(auth.require().acr(FiefAcr::LevelOne)));

    assert_eq!(
        status(&app, &server.access_token().acr("0").mint()).await,
        401
    );
    assert_eq!(
        status(&app, &server.access_token().acr("1").mint()).await,
        200
    );
}

/// D13
#[tokio::test]
async fn an_old_login_requires_a_new_one() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let app = one(unchecked().route_layer(auth.require().max_age(Duration::from_secs(300))));
    let old = server
        .access_token()
        .authenticated_ago(Duration::from_secs(400));

    assert_eq!(status(&app, &old.mint()).await, 401);
    assert_eq!(status(&app, &server.access_token().mint()).await, 200);
}

/// FD-71, TV-27, D13: and is told no more than that.
#[tokio::test]
async fn a_login_in_the_future_requires_a_new_one() {
    let server = FiefTestServer::start().await;
    server.set_time(UNIX_EPOCH + Duration::from_secs(2_000_000_000));
    let auth = api(&server);
    let app = one(unchecked().route_layer(auth.require().max_age(Duration::from_secs(300))));
    for (ahead, expected) in [(60, 200), (61, 401), (86_400, 401)] {
        let token = server.access_token();
        let token = token.claim("auth_time", 2_000_000_000_u64 + ahead).mint();
        assert_eq!(status(&app, &token).await, expected, "{ahead}");
    }
}

/// I07
#[tokio::test]
async fn every_permission_is_required() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let guard = auth
        .require()
        .permission("castles:read")
        .permission("castles:create");
    let app = one(unchecked().route_layer(guard));
    let reader = server.access_token().permission("castles:read");

    assert_eq!(status(&app, &reader.clone().mint()).await, 403);
    assert_eq!(
        status(&app, &reader.permission("castles:create").mint()).await,
        200
    );
}

/// D8
#[tokio::test]
async fn one_of_several_permissions_is_enough() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let guard = auth.require().any_permission(["castles:delete", "admin"]);
    let app = one(unchecked().route_layer(guard));

    assert_eq!(
        status(&app, &server.access_token().permission("castles").mint()).await,
        403
    );
    assert_eq!(
        status(&app, &server.access_token().permission("admin").mint()).await,
        200
    );
}

/// A permission is not a prefix of another. Q08, TV-21
#[tokio::test]
async fn a_permission_is_met_only_by_the_same_one() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let app = one(unchecked().route_layer(auth.require().permission("castles:create")));

    let longer = server
        .access_token()
        .permission("castles:create:all")
        .mint();
    let text = server
        .access_token()
        .claim("permissions", "castles:create:all")
        .mint();

    assert_eq!(status(&app, &longer).await, 403);
    assert_eq!(status(&app, &text).await, 401);
}

/// The requirements of the client can be given whole.
#[tokio::test]
async fn requirements_are_shared_with_the_client() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let create = Requirements::new().permission("castles:create");
    let app = one(unchecked().route_layer(auth.require().requirements(create)));

    assert_eq!(status(&app, &server.access_token().mint()).await, 403);
}

/// D8
#[tokio::test]
async fn nested_guards_all_have_to_be_passed_and_verify_once() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let castles = Router::new()
        .route(
            "/",
            unchecked().route_layer(auth.require().permission("castles:create")),
        )
        .route_layer(auth.require().scope("castles"));
    let app = Router::new()
        .nest("/castles", castles)
        .route_layer(auth.require());
    let with =
        |token: String| Request::get("/castles").header("authorization", format!("Bearer {token}"));
    let scope = server.access_token().scope("castles");

    let outer = send(
        &app,
        with(server.access_token().permission("castles:create").mint()),
    )
    .await;
    let inner = send(&app, with(scope.clone().mint())).await;
    let all = send(&app, with(scope.permission("castles:create").mint())).await;

    assert_eq!(outer.error(), "insufficient_scope");
    assert_eq!(inner.error(), "insufficient_permissions");
    assert_eq!(all.body, "inside");
    assert_eq!(all.headers.get_all("vary").iter().count(), 1);
}

/// D8
#[tokio::test]
async fn extractors_work_inside_of_a_guard_without_the_layer() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let app = one(get(whoami).route_layer(auth.require()));

    let response = send(&app, call(&server.access_token().mint())).await;

    assert_eq!(response.body, server.user_id(super::EMAIL).to_string());
    assert_eq!(response.header("vary"), "Cookie, Authorization");
}

/// D8
#[tokio::test]
async fn a_guard_rejects_what_another_ones_layer_accepted() {
    let server = FiefTestServer::start().await;
    let (ours, theirs) = (api(&server), api(&server));
    let guard = one(unchecked().route_layer(ours.require())).layer(theirs.layer());
    let layer = one(get(whoami)).layer(ours.layer()).layer(theirs.layer());
    let token = server.access_token().mint();

    assert_eq!(status(&guard, &token).await, 500);
    assert_eq!(status(&layer, &token).await, 500);
}

/// D5, RB-6
#[tokio::test]
async fn an_extractor_that_nothing_surrounds_is_our_fault() {
    let server = FiefTestServer::start().await;
    let app = one(get(whoami));

    let response = send(&app, call(&server.access_token().mint())).await;

    assert_eq!(response.status, 500);
    assert_eq!(response.error(), "server_error");
}

/// D6: at its first use, as in the client.
#[tokio::test]
async fn a_token_of_a_new_key_gets_in() {
    let server = FiefTestServer::start().await;
    let app = guarded(api(&server).require());
    assert_eq!(status(&app, &server.access_token().mint()).await, 200);

    server.rotate_key();

    assert_eq!(status(&app, &server.access_token().mint()).await, 200);
}
