//! Two processes of an application without a session store, which share the key only.

use axum::http::Method;
use fief_axum::FiefAuth;
use fief_test_server::FiefTestServer;

use super::{Visitor, app, builder};
use crate::web::EMAIL;

/// Returns two processes, and a browser that is logged in at the first one.
async fn two_processes(server: &FiefTestServer) -> ([FiefAuth; 2], Visitor) {
    let auths = [(); 2].map(|()| builder(server).build().unwrap());
    let mut visitor = Visitor::new(app(&auths[0]));
    visitor.log_in(server, "/login").await;
    (auths, visitor)
}

async fn statuses(auths: &[FiefAuth; 2], visitor: &Visitor) -> [u16; 2] {
    let mut statuses = [0; 2];
    for (status, auth) in statuses.iter_mut().zip(auths) {
        let response = visitor.at(app(auth)).fetch(Method::GET, "/castles").await;
        *status = response.status.as_u16();
    }
    statuses
}

/// D11
#[tokio::test]
async fn a_session_moves_between_processes() {
    let server = FiefTestServer::start().await;
    let (auths, visitor) = two_processes(&server).await;
    assert_eq!(statuses(&auths, &visitor).await, [200, 200]);
}

/// D11: a copied cookie lasts at the other one, which cannot know.
#[tokio::test]
async fn in_cookies_a_logout_is_known_to_its_process_only() {
    let server = FiefTestServer::start().await;
    let (auths, visitor) = two_processes(&server).await;
    let copied = visitor.clone();
    let mut visitor = visitor.at(app(&auths[1]));
    visitor.open("/logout").await;
    assert_eq!(visitor.cookie_names(), [""; 0]);
    assert_eq!(statuses(&auths, &copied).await, [200, 401]);
}

/// D11
#[tokio::test]
async fn in_cookies_a_revocation_is_known_to_its_process_only() {
    let server = FiefTestServer::start().await;
    let (auths, visitor) = two_processes(&server).await;
    let user = server.user_id(EMAIL);
    auths[1].revoke_user_sessions(user).await.unwrap();
    assert_eq!(statuses(&auths, &visitor).await, [200, 401]);
}
