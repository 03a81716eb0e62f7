//! Tests whose runtime has paused time.

use std::time::Duration;

use fief_client::{AuthorizationRequest, AuthorizationResponse, Fief};
use fief_test_server::FiefTestServer;

use super::{CALLBACK, EMAIL};

fn fief(server: &FiefTestServer) -> Fief {
    let fief = Fief::builder(server.url(), server.client_id());
    fief.client_secret(server.client_secret()).build().unwrap()
}

/// FD-86
#[tokio::test(start_paused = true)]
async fn a_login_works_with_paused_time() {
    for _ in 0..10 {
        let server = FiefTestServer::start().await;
        let fief = fief(&server);
        let login = async {
            let request = AuthorizationRequest::new();
            let (url, attempt) = fief.begin_login(CALLBACK, request).await?;
            let callback = server.log_in(EMAIL, url).await;
            let query = callback.split_once('?').unwrap().1;
            fief.finish_login(&attempt, &AuthorizationResponse::parse(query)?)
                .await
        };

        let (_, user) = server.without_auto_advance(login).await.unwrap();

        assert_eq!(user.sub, server.user_id(EMAIL));
    }
}

/// FD-86: what its docs promise for paused time.
#[tokio::test(start_paused = true)]
async fn what_sends_no_request_works_with_paused_time() {
    let server = FiefTestServer::start().await;
    let (before, start) = (server.clock()(), tokio::time::Instant::now());

    tokio::time::sleep(Duration::from_secs(3600)).await;

    assert!(start.elapsed() >= Duration::from_secs(3600));
    assert!(server.clock()().duration_since(before).unwrap() < Duration::from_secs(3600));
    let url = super::authorize_url(&server, &[]);
    assert!(server.log_in(EMAIL, url).await.contains("code="));
    assert!(!server.access_token().mint().is_empty());
}

/// FD-86
#[tokio::test(start_paused = true)]
async fn time_advances_by_itself_again_after_the_requests() {
    let server = FiefTestServer::start().await;

    server.without_auto_advance(async {}).await;

    let start = tokio::time::Instant::now();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(start.elapsed() >= Duration::from_secs(3600));
}
