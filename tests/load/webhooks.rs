//! Deliveries to the route of webhooks.

use axum::{body::Body, http::Request};
use fief_axum::fief_client::webhook::WebhookVerifier;
use tower::ServiceExt;

use super::{Line, State, assert_line, attack, failing, hanging, start, unreachable, well};
use crate::login::{Memory, builder};

/// RB-11, D21: whatever it is, it causes neither a request to Fief nor one to the store.
#[tokio::test]
async fn deliveries_that_fief_has_not_signed() {
    let line: Line = (0..=0, 0..=0);
    for state in [well, failing, unreachable, hanging] as [State; 4] {
        let server = start().await;
        let store = Memory::default();
        let verifier = WebhookVerifier::new("secret").unwrap();
        let builder = builder(&server).session_store(store.clone());
        let auth = builder.webhooks("/webhooks", verifier).build().unwrap();
        let app = auth.routes();
        server.reset_requests();
        state(&server);
        let send = async |number: usize| {
            let request = Request::post("/webhooks").header("x-fief-webhook-timestamp", number);
            let request = request.header("x-fief-webhook-signature", "0a".repeat(32));
            let body = format!("{{\"type\":\"user.deleted\",\"data\":{{\"id\":{number}}}}}");
            let request = request.body(Body::from(body)).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 401);
        };
        assert_line(attack(&server, send).await, &line, "a delivery");
        assert_eq!(store.loads(), 0);
    }
}
