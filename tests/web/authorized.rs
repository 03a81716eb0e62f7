//! Requirements that a handler names in its own signature.

use std::time::Duration;

use axum::{Router, http::Request, routing::get};
use fief_axum::{Authorized, Policy};
use fief_client::{FiefAccessTokenInfo, FiefAcr, Requirements};
use fief_test_server::{AccessTokenBuilder, FiefTestServer};

use super::{api, call, guarded, one, send, status};

struct CanCreate;

impl Policy for CanCreate {
    fn requirements() -> Requirements {
        Requirements::new().permission("castles:create")
    }
}

struct CanDelete;

impl Policy for CanDelete {
    fn requirements() -> Requirements {
        Requirements::new().permission("castles:delete")
    }
}

/// Requires one thing of each kind.
pub struct Strict;

impl Policy for Strict {
    fn requirements() -> Requirements {
        let strict = Requirements::new().scope("castles").permission("create");
        let strict = strict.acr(FiefAcr::LevelOne);
        strict.max_age(Duration::from_secs(300))
    }

    fn allows(token: &FiefAccessTokenInfo) -> bool {
        token.has_permission("staff")
    }
}

/// A token that meets it.
pub fn strict(server: &FiefTestServer) -> AccessTokenBuilder {
    let token = server.access_token().scope("castles").acr("1");
    token.permissions(["create", "staff"])
}

struct IsStaff;

impl Policy for IsStaff {
    fn requirements() -> Requirements {
        Requirements::new()
    }

    fn allows(token: &FiefAccessTokenInfo) -> bool {
        token
            .permissions()
            .iter()
            .any(|permission| permission.starts_with("staff:"))
    }
}

async fn create(Authorized(token, _): Authorized<CanCreate>) -> String {
    token.id().to_string()
}

/// D8
#[tokio::test]
async fn a_handler_without_a_guard_requires_its_policy() {
    let server = FiefTestServer::start().await;
    let app = one(get(create)).layer(api(&server).layer());

    assert_eq!(send(&app, Request::get("/")).await.status, 401);
    assert_eq!(status(&app, &server.access_token().mint()).await, 403);
    assert_eq!(
        status(
            &app,
            &server.access_token().permission("castles:create").mint()
        )
        .await,
        200
    );
}

/// D5
#[tokio::test]
async fn a_handler_with_a_policy_and_nothing_around_it_is_our_fault() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().permission("castles:create").mint();

    assert_eq!(status(&one(get(create)), &token).await, 500);
}

/// Each type has requirements of its own.
#[tokio::test]
async fn policies_do_not_take_each_others_place() {
    let server = FiefTestServer::start().await;
    let app = Router::new()
        .route("/", get(create))
        .route("/delete", get(async |_: Authorized<CanDelete>| "deleted"))
        .layer(api(&server).layer());
    let token = server.access_token().permission("castles:create").mint();
    let delete = || Request::get("/delete").header("authorization", format!("Bearer {token}"));

    assert_eq!(status(&app, &token).await, 200);
    assert_eq!(
        send(&app, delete()).await.error(),
        "insufficient_permissions"
    );
    assert_eq!(status(&app, &token).await, 200);
}

/// A policy can check more than requirements do.
#[tokio::test]
async fn a_policy_can_have_its_own_check() {
    let server = FiefTestServer::start().await;
    let app = one(get(async |_: Authorized<IsStaff>| "staff")).layer(api(&server).layer());

    assert_eq!(
        status(&app, &server.access_token().permission("castles").mint()).await,
        403
    );
    assert_eq!(
        status(&app, &server.access_token().permission("staff:it").mint()).await,
        200
    );
}

/// I03, I04
#[tokio::test]
async fn an_optional_policy_accepts_anonymous_but_not_forbidden_requests() {
    let server = FiefTestServer::start().await;
    let greet = async |found: Option<Authorized<CanCreate>>| found.is_some().to_string();
    let app = one(get(greet)).layer(api(&server).layer());
    let token = server.access_token().permission("castles:create").mint();

    assert_eq!(send(&app, Request::get("/")).await.body, "false");
    assert_eq!(send(&app, call(&token)).await.body, "true");
    assert_eq!(status(&app, &server.access_token().mint()).await, 403);
}

/// D8
#[tokio::test]
async fn a_guard_requires_all_that_a_policy_does() {
    let server = FiefTestServer::start().await;
    let app = guarded(api(&server).require().policy::<Strict>());
    let old = strict(&server).authenticated_ago(Duration::from_secs(400));
    let scope = strict(&server).claim("scope", "openid");

    assert_eq!(status(&app, &strict(&server).mint()).await, 200);
    assert_eq!(status(&app, &scope.mint()).await, 403);
    assert_eq!(status(&app, &strict(&server).acr("0").mint()).await, 401);
    assert_eq!(status(&app, &old.mint()).await, 401);
    for lacking in ["create", "staff"] {
        let token = strict(&server).permissions([lacking]).mint();
        assert_eq!(status(&app, &token).await, 403);
    }
}

/// D8: the stricter of both counts.
#[tokio::test]
async fn a_policy_does_not_weaken_its_guard() {
    let server = FiefTestServer::start().await;
    let guard = api(&server).require().max_age(Duration::from_secs(60));
    let app = guarded(guard.policy::<Strict>());
    let old = strict(&server).authenticated_ago(Duration::from_secs(200));

    assert_eq!(status(&app, &strict(&server).mint()).await, 200);
    assert_eq!(status(&app, &old.mint()).await, 401);
}

/// ER-2, ER-3
#[tokio::test]
async fn a_policys_challenge_names_what_it_requires() {
    let server = FiefTestServer::start().await;
    let app = one(get(async |_: Authorized<Strict>| "inside")).layer(api(&server).layer());

    let scope = send(&app, call(&server.access_token().mint())).await;
    let low = send(&app, call(&strict(&server).acr("0").mint())).await;

    let insufficient = r#"Bearer error="insufficient_scope", scope="castles""#;
    assert_eq!(scope.challenge(), insufficient);
    let step_up = r#"Bearer error="insufficient_user_authentication""#;
    let step_up = format!(r#"{step_up}, acr_values="1", max_age="300""#);
    assert_eq!(low.challenge(), step_up);
}
