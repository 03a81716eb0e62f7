//! Two processes of an application without a session store, which share the key only.

use axum::http::Method;
use fief_axum::{FiefAuth, FiefAuthBuilder, SessionKey};
use fief_test_server::FiefTestServer;

use super::{Visitor, app, builder, builder_with};
use crate::web::{self, EMAIL};

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

/// SE-3: the new key is the second one everywhere, then the first one, and then the previous one is dropped. Each step
/// reaches one process after the other.
#[tokio::test]
async fn in_cookies_a_session_survives_a_key_that_is_replaced_step_by_step() {
    let server = FiefTestServer::start().await;
    let machine = |keys: &[u8]| {
        let mut keys = keys.iter().map(|n| {
            let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap() * n);
            SessionKey::from_bytes(&bytes).unwrap()
        });
        let builder = builder_with(&server, web::fief(&server), keys.next().unwrap());
        let builder = keys.fold(builder, FiefAuthBuilder::previous_session_key);
        builder.build().unwrap()
    };
    let steps: [[&[u8]; 2]; 5] = [
        [&[1], &[1]],
        [&[1, 2], &[1]],
        [&[1, 2], &[1, 2]],
        [&[2, 1], &[1, 2]],
        [&[2, 1], &[2, 1]],
    ];
    let mut visitors = Vec::new();
    for keys in steps {
        let auths = keys.map(machine);
        for auth in &auths {
            let mut visitor = Visitor::new(app(auth));
            visitor.log_in(&server, "/login").await;
            visitors.push(visitor);
        }
        for visitor in &visitors {
            assert_eq!(statuses(&auths, visitor).await, [200, 200], "{keys:?}");
        }
    }
    // Seven were sealed with the key that is dropped now.
    let auths = [&[2], &[2]].map(|keys: &[u8; 1]| machine(keys));
    let mut kept = 0;
    for visitor in &visitors {
        kept += usize::from(statuses(&auths, visitor).await == [200, 200]);
    }
    assert_eq!((kept, visitors.len()), (3, 10));
}
