//! Events that a Fief delivers itself when its users change, to two machines that listen.

use std::time::{Duration, Instant};

use axum::Router;
use fief_test_server::FiefTestServer;
use tokio::{net::TcpListener, time::sleep};

use tower_sessions_core::SessionStore;

use super::{EMAIL, HOUR, SECOND, SECRET, bearer, build, logged_in, machine, server, status_at};
use crate::login::{Memory, store};

/// Lets an application listen, and Fief deliver to it. Returns a counter of its deliveries.
async fn listen(server: &FiefTestServer, app: &Router) -> std::sync::Arc<std::sync::Mutex<usize>> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
    let handled = std::sync::Arc::<std::sync::Mutex<usize>>::default();
    let counter = handled.clone();
    let app = app.clone().layer(axum::middleware::from_fn(
        move |request: axum::extract::Request, next: axum::middleware::Next| {
            let counter = counter.clone();
            async move {
                let response = next.run(request).await;
                if response.status() == 204 {
                    *counter.lock().unwrap() += 1;
                }
                response
            }
        },
    ));
    tokio::spawn(async { axum::serve(listener, app).await });
    server.add_webhook(url, SECRET);
    handled
}

async fn wait_for(handled: &std::sync::Mutex<usize>, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while *handled.lock().unwrap() < count {
        assert!(Instant::now() < deadline, "nothing was delivered");
        sleep(Duration::from_millis(5)).await;
    }
}

/// D20, D21: without a hand in the wire.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_test_server_delivers_counts_on_all_machines() {
    deliveries_count_everywhere(Memory::default()).await;
}

/// D20, D21
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis"]
async fn what_the_test_server_delivers_counts_on_all_machines_of_a_redis() {
    deliveries_count_everywhere(store::redis::store().await).await;
}

async fn deliveries_count_everywhere(store: impl SessionStore + Clone) {
    let server = server().await;
    let [one, other] = [(); 2].map(|()| build(machine(&server, &store)));
    let handled = listen(&server, &one).await;
    let visitor = logged_in(&server, &one).await;
    let token = server.access_token().mint();
    server.advance(HOUR);
    assert_eq!(status_at(&other, &visitor, "/create").await, 403);
    server.set_permissions(EMAIL, ["castles:create"]);
    wait_for(&handled, 1).await;
    assert_eq!(status_at(&other, &visitor, "/create").await, 200);

    assert_eq!(bearer(&other, &token).await, 200);
    server.set_active(EMAIL, false);
    wait_for(&handled, 2).await;
    assert_eq!(status_at(&other, &visitor, "/castles").await, 303);
    server.advance(5 * SECOND);
    assert_eq!(bearer(&other, &token).await, 401);

    server.set_active(EMAIL, true);
    wait_for(&handled, 3).await;
    server.advance(5 * SECOND);
    assert_eq!(bearer(&other, &token).await, 200);
    assert_eq!(status_at(&other, &visitor, "/castles").await, 303);
    server.delete_user(EMAIL);
    wait_for(&handled, 4).await;
    server.advance(5 * SECOND);
    assert_eq!(bearer(&other, &token).await, 401);
}
