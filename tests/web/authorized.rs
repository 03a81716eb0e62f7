//! Requirements that a handler names in its own signature.

use axum::{Router, http::Request, routing::get};
use fief_axum::{Authorized, Policy};
use fief_client::{FiefAccessTokenInfo, Requirements};
use fief_test_server::FiefTestServer;

use super::{api, call, one, send, status};

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

async fn create(Authorized { token, .. }: Authorized<CanCreate>) -> String {
    token.id().to_string()
}

/// D8
#[tokio::test]
async fn a_handler_without_a_guard_is_reached_only_by_who_meets_its_policy() {
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

/// A policy may ask more than requirements say.
#[tokio::test]
async fn a_policy_may_decide_by_itself() {
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
async fn an_optional_policy_forgives_nobody_but_not_somebody() {
    let server = FiefTestServer::start().await;
    let greet = async |found: Option<Authorized<CanCreate>>| found.is_some().to_string();
    let app = one(get(greet)).layer(api(&server).layer());
    let token = server.access_token().permission("castles:create").mint();

    assert_eq!(send(&app, Request::get("/")).await.body, "false");
    assert_eq!(send(&app, call(&token)).await.body, "true");
    assert_eq!(status(&app, &server.access_token().mint()).await, 403);
}
