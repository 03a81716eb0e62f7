use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, StatusCode},
    routing::post,
};
use fief_axum::{
    FiefAuth, Webhook, WebhookRejection,
    fief_client::{Fief, webhook::WebhookVerifier},
};
use serde_json::json;
use tower::ServiceExt;

use super::{
    EMAIL, SECRET, data, deliver, machine, role_data, server, signed, signed_at, try_deliver,
    verifier,
};
use crate::{
    login::{self, Memory},
    web::{self, TestResponse},
};

async fn send(app: &Router, request: Request<Body>) -> TestResponse {
    TestResponse::of(app.clone().oneshot(request).await.unwrap()).await
}

/// RB-11, D21: garbage of anyone costs neither Fief nor the store anything.
#[tokio::test]
async fn what_fief_has_not_signed_changes_nothing() {
    let server = server().await;
    let store = Memory::default();
    let app = super::build(machine(&server, &store));
    server.reset_requests();
    let now = server.clock()()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let body = json!({"type": "user.deleted", "data": data(&server, EMAIL, true, Duration::ZERO)});
    let body = body.to_string();
    let without = |header: &str| {
        let mut request = signed(&server, &body);
        request.headers_mut().remove(header);
        request
    };
    let mut forged = signed(&server, &body);
    *forged.body_mut() = Body::from(body.replace("deleted", "updated"));
    let mut other = signed(&server, &body);
    let signature = "00".repeat(32).parse().unwrap();
    other
        .headers_mut()
        .insert("x-fief-webhook-signature", signature);
    let mut get = signed(&server, &body);
    *get.method_mut() = "GET".parse().unwrap();
    let cases = [
        (without("x-fief-webhook-signature"), 401),
        (without("x-fief-webhook-timestamp"), 401),
        (forged, 401),
        (other, 401),
        (signed_at(now - 301, &body), 400),
        (signed_at(now + 301, &body), 400),
        (signed(&server, "not JSON"), 400),
        (signed(&server, "{}"), 400),
        (signed(&server, &"x".repeat(1024 * 1024)), 413),
        (get, 405),
    ];
    for (number, (request, status)) in cases.into_iter().enumerate() {
        let response = send(&app, request).await;
        assert_eq!(response.status.as_u16(), status, "{number}");
        assert_eq!(response.header("cache-control"), "no-store", "{number}");
        let challenge = if status == 401 {
            "X-Fief-Webhook-Signature"
        } else {
            ""
        };
        assert_eq!(response.challenge(), challenge, "{number}");
    }
    assert_eq!((store.loads(), store.ids().len()), (0, 0));
    assert_eq!(crate::load::requests(&server), 0);
}

/// D21: nor does what is signed and no event of users, or unknown.
#[tokio::test]
async fn events_that_concern_no_user_change_nothing() {
    let server = server().await;
    let store = Memory::default();
    let app = super::build(machine(&server, &store));
    for kind in [
        "client.updated",
        "tenant.created",
        "user_field.deleted",
        "email_template.updated",
        "user.forgot_password_requested",
        "castle.burnt",
    ] {
        deliver(
            &app,
            &server,
            kind,
            data(&server, EMAIL, false, Duration::ZERO),
        )
        .await;
    }
    for kind in ["user.deleted", "user.updated", "user_role.created"] {
        deliver(
            &app,
            &server,
            kind,
            json!({"id": "not a user", "user_id": 7}),
        )
        .await;
    }
    assert_eq!((store.loads(), store.ids().len()), (0, 0));
}

/// D21: the extractor alone, with the verifier as the state.
#[tokio::test]
async fn the_extractor_yields_the_verified_event() {
    let server = server().await;
    let receive = async |Webhook(event): Webhook| format!("{} {:?}", event.kind(), event.user_id());
    let app = Router::new()
        .route("/webhooks", post(receive))
        .with_state(verifier(&server));
    let response = try_deliver(
        &app,
        &server,
        "user_role.created",
        role_data(&server, EMAIL),
    )
    .await;
    assert_eq!(response.status, 200);
    let user = server.user_id(EMAIL);
    assert_eq!(response.body, format!("user_role.created Some({user})"));
    assert_eq!(send(&app, signed_at(7, "{}")).await.status, 400);
    let rejection = WebhookRejection::BodyTooLarge;
    assert_eq!(rejection.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

/// D21: the application's own hook gets all events; without a success, Fief repeats.
#[tokio::test]
async fn a_hook_that_fails_makes_fief_deliver_again() {
    let server = server().await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&events);
    let builder = FiefAuth::builder(web::fief(&server)).webhooks("/webhooks", verifier(&server));
    let auth = builder.on_webhook(move |event| {
        let number = {
            let mut events = kept.lock().unwrap();
            events.push(event.kind().to_string());
            events.len()
        };
        assert_ne!(number, 2, "a panic before the future");
        async move {
            assert_ne!(number, 3, "a panic within");
            match number {
                4 => Err("no castle".into()),
                _ => Ok(()),
            }
        }
    });
    let app = auth.build().unwrap().routes();
    let mut statuses = Vec::new();
    for kind in [
        "client.updated",
        "user.created",
        "user.created",
        "user.created",
        "castle.burnt",
    ] {
        let response = try_deliver(&app, &server, kind, json!({})).await;
        assert!(!response.body.contains("castle"));
        statuses.push(response.status.as_u16());
    }
    assert_eq!(statuses, [204, 500, 500, 500, 204]);
    assert_eq!(events.lock().unwrap().len(), 5);
}

/// RB-2: neither a hook nor a body is waited for without an end.
#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_and_a_body_that_trickles_are_given_up() {
    let fief = Fief::builder("http://127.0.0.1:1", "castles")
        .build()
        .unwrap();
    let now = UNIX_EPOCH + Duration::from_secs(1_795_448_407);
    let verifier = WebhookVerifier::new(SECRET).unwrap().clock(move || now);
    let builder = FiefAuth::builder(fief).webhooks("/webhooks", verifier);
    let auth = builder
        .on_webhook(|_| std::future::pending())
        .build()
        .unwrap();
    let app: Router = auth.routes();
    let event = r#"{"type":"user.created","data":{}}"#;
    assert_eq!(
        send(&app, signed_at(1_795_448_407, event)).await.status,
        500
    );

    let trickle = futures_like_stream();
    let mut request = signed_at(1_795_448_407, event);
    *request.body_mut() = Body::new(trickle);
    assert_eq!(send(&app, request).await.status, 408);
}

/// A body that never ends.
fn futures_like_stream() -> impl http_body::Body<Data = Bytes, Error = std::io::Error> + Send {
    struct Endless;
    impl http_body::Body for Endless {
        type Data = Bytes;
        type Error = std::io::Error;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }
    Endless
}

/// D21: a flood of signed deliveries, of one user and of many.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_deliveries_is_handled() {
    let server = server().await;
    let app = super::build(super::refreshing(&server).webhooks("/webhooks", verifier(&server)));
    let failed = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..1000_u128 {
        let mut data = data(&server, EMAIL, number % 2 == 0, Duration::ZERO);
        if number >= 500 {
            data["id"] = json!(uuid::Uuid::from_u128(number));
        }
        let request = signed(
            &server,
            &json!({"type": "user.updated", "data": data}).to_string(),
        );
        let (app, failed) = (app.clone(), Arc::clone(&failed));
        tasks.spawn(async move {
            if send(&app, request).await.status != 204 {
                failed.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(failed.load(Ordering::Relaxed), 0);
}

/// D21: settings without effect are rejected.
#[tokio::test]
async fn settings_of_webhooks_are_checked() {
    let server = server().await;
    let builder = || login::builder(&server);
    let with = |path: &str| builder().webhooks(path, verifier(&server));
    let broken = [
        (builder().on_webhook(async |_| Ok(())), "on_webhook"),
        (builder().end_outdated_sessions(), "end_outdated_sessions"),
        (with("webhooks"), "webhooks"),
        (with("/"), "webhooks"),
        (with("/logout"), "webhooks"),
        (with("/hooks/{id}"), "webhooks"),
    ];
    for (builder, name) in broken {
        let error = builder.build().unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}
