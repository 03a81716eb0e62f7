//! What is older than a change, and comes after it: unused sessions, old cookies, logins that began before, and tokens that
//! are held.

use axum::{Router, extract::State, http::Request, routing::get};
use fief_axum::{CurrentSession, FiefAuth};
use serde_json::json;

use super::{
    EMAIL, HOUR, SECOND, build, data, deliver, logged_in, machine, machines, refreshing, role_data,
    server, status_at, verifier,
};
use crate::{
    login::{self, Visitor},
    web,
};

/// D21: a session that is not used for long after a change of all permissions is refreshed as well, at a process that knew
/// the change and at one that has started since.
#[tokio::test]
async fn a_change_for_all_reaches_a_session_that_was_not_used_since() {
    for minutes in [11, 21, 120] {
        let server = server().await;
        let (one, other, store) = machines(&server);
        let visitor = logged_in(&server, &one).await;
        let used = logged_in(&server, &one).await;
        server.advance(HOUR);
        server.set_permissions(EMAIL, ["castles:create"]);
        deliver(&one, &server, "role.updated", json!({})).await;
        for _ in 0..minutes {
            server.advance(60 * SECOND);
            assert_eq!(status_at(&one, &used, "/castles").await, 200);
        }

        let started = build(machine(&server, &store));
        for app in [&other, &one, &started] {
            assert_eq!(status_at(app, &visitor, "/create").await, 200, "{minutes}");
        }
    }
}

/// D21: Fief's own session outlasts a new password, so a login may be of before it.
#[tokio::test]
async fn a_login_of_before_a_password_reset_creates_no_session() {
    let server = server().await;
    let (one, other, _) = machines(&server);
    let alone = build(refreshing(&server).webhooks("/webhooks", verifier(&server)));
    for (machine, informed) in [(&one, &one), (&other, &one), (&alone, &alone)] {
        let mut visitor = Visitor::new(machine.clone());
        let callback = visitor.begin(&server, "/login").await;
        server.advance(2 * SECOND);
        let reset = data(&server, EMAIL, true, SECOND);
        deliver(informed, &server, "user.password_reset", reset).await;

        assert_eq!(visitor.open(&callback).await.status, 400);
        assert_eq!(status_at(machine, &visitor, "/castles").await, 303);
        server.advance(2 * SECOND);
        let visitor = logged_in(&server, machine).await;
        assert_eq!(status_at(machine, &visitor, "/castles").await, 200);
    }
}

/// D21: cookies of before a refresh have the permissions of then.
#[tokio::test]
async fn old_cookies_do_not_bring_removed_permissions_back() {
    let server = server().await;
    server.set_permissions(EMAIL, ["castles:create"]);
    let app = build(refreshing(&server).webhooks("/webhooks", verifier(&server)));
    let mut visitor = logged_in(&server, &app).await;
    let old = visitor.clone();
    server.advance(HOUR);
    assert_eq!(status_at(&app, &visitor, "/create").await, 200);
    server.set_permissions(EMAIL, [""; 0]);
    let role = role_data(&server, EMAIL);
    deliver(&app, &server, "user_permission.deleted", role).await;
    assert_eq!(visitor.open("/create").await.status, 403);

    for seconds in [1, 40, 600] {
        server.advance(seconds * SECOND);
        assert_ne!(status_at(&app, &old, "/create").await, 200, "{seconds}");
        assert_eq!(visitor.open("/castles").await.status, 200, "{seconds}");
    }
}

/// D21: what a handler holds is denied as what it was sent.
#[tokio::test]
async fn a_token_that_is_held_is_denied_as_well() {
    async fn held(State(auth): State<FiefAuth>, session: CurrentSession) -> String {
        let before = session.access_token().await.is_ok();
        let user = session.access_token().await.unwrap().id();
        auth.deny_user(user).await.unwrap();
        let rejection = session.access_token().await.unwrap_err();
        format!("{before} {}", rejection.kind().is_unauthenticated())
    }
    let server = server().await;
    let auth = login::builder(&server).build().unwrap();
    let app = Router::new()
        .route("/", get(held))
        .layer(auth.layer())
        .with_state(auth);
    let token = server.access_token().mint();
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    assert_eq!(web::send(&app, request).await.body, "true true");
}
