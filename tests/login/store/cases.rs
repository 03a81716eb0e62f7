use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    time::Duration,
};

use axum::{Router, http::Method, routing::get};
use fief_axum::{CurrentSession, FiefAuth};
use fief_test_server::{Endpoint, Fault, FiefTestServer, User};
use tokio::task::{JoinSet, yield_now};
use tower_sessions_core::SessionStore;

use crate::{
    login::{
        Visitor, ahead, app, builder_with, key,
        refresh::{LIFETIME, refreshing, server},
        visitor::page,
    },
    web::EMAIL,
};

/// Two processes of an application, and a browser that is logged in to both.
pub struct TwoProcesses {
    pub server: FiefTestServer,
    pub auths: [FiefAuth; 2],
    pub apps: [Router; 2],
    visitor: Visitor,
}

impl TwoProcesses {
    pub async fn start(store: impl SessionStore + Clone) -> Self {
        Self::on(server().await, store).await
    }

    pub async fn on(server: FiefTestServer, store: impl SessionStore + Clone) -> Self {
        let auth = || refreshing(&server).session_store(store.clone());
        let auths = [auth().build().unwrap(), auth().build().unwrap()];
        let apps = auths.each_ref().map(app);
        let mut visitor = Visitor::new(apps[0].clone());
        visitor.log_in(&server, "/login").await;
        Self {
            server,
            auths,
            apps,
            visitor,
        }
    }

    /// Returns the browser at one of the processes.
    fn at(&self, process: usize) -> Visitor {
        self.visitor.at(self.apps[process % 2].clone())
    }

    /// Returns the statuses of a script's requests to both processes.
    async fn statuses(&self) -> [u16; 2] {
        let mut statuses = [0; 2];
        for (process, status) in statuses.iter_mut().enumerate() {
            let response = self.at(process).fetch(Method::GET, "/castles").await;
            *status = response.status.as_u16();
        }
        statuses
    }
}

/// D11
pub async fn every_process_knows_the_session(store: impl SessionStore + Clone) {
    let two = TwoProcesses::start(store).await;
    assert_eq!(two.statuses().await, [200, 200]);
}

/// D12, RF-2
pub async fn two_processes_refresh_one_session(store: impl SessionStore + Clone) {
    let two = TwoProcesses::start(store).await;
    for _ in 0..3 {
        two.server.advance(LIFETIME + LEEWAY);
        let mut requests = JoinSet::new();
        for process in 0..200 {
            let visitor = two.at(process);
            requests.spawn(async move { visitor.send_once(page("/castles", "none")).await });
        }
        let responses = requests.join_all().await;
        assert!(responses.iter().all(|(response, _)| response.status == 200));
    }
    // At most one per process.
    assert!(two.server.requests(Endpoint::Token) <= 1 + 3 * 2);
}

/// D12, RB-5
pub async fn browsers_that_hang_up_stay_logged_in(store: impl SessionStore + Clone) {
    let two = TwoProcesses::start(store).await;
    for round in 0..8 {
        two.server.advance(LIFETIME + LEEWAY);
        let mut requests = JoinSet::new();
        for process in 0..20 {
            let visitor = two.at(process);
            requests.spawn(async move { visitor.send_once(page("/castles", "none")).await });
        }
        for _ in 0..RandomState::new().build_hasher().finish() % 100 {
            yield_now().await;
        }
        requests.shutdown().await;
        let (response, _) = two.at(round).send_once(page("/castles", "none")).await;
        assert_eq!(response.status, 200);
    }
    assert_eq!(two.statuses().await, [200, 200]);
}

/// D11, D12
pub async fn a_logout_during_a_refresh_stays_a_logout(store: impl SessionStore + Clone) {
    let two = TwoProcesses::start(store).await;
    two.server.advance(LIFETIME);
    two.server.fault_once(Endpoint::Token, Fault::hang());
    let slow = two.at(0);
    let slow = tokio::spawn(async move { slow.send_once(page("/castles", "none")).await });
    two.server.wait_for_requests(Endpoint::Token, 2).await;
    assert_eq!(two.at(1).open("/logout").await.status, 303);
    two.server.clear_faults();
    let (response, _) = slow.await.unwrap();
    assert_eq!(response.status, 303);
    assert_eq!(two.statuses().await, [401, 401]);
}

/// D11, SE-16
pub async fn a_revocation_during_a_refresh_stays_one(store: impl SessionStore + Clone) {
    let two = TwoProcesses::start(store).await;
    two.server.advance(LIFETIME);
    two.server.fault_once(Endpoint::Token, Fault::hang());
    let slow = two.at(0);
    let slow = tokio::spawn(async move { slow.send_once(page("/castles", "none")).await });
    two.server.wait_for_requests(Endpoint::Token, 2).await;
    let user = two.server.user_id(EMAIL);
    two.auths[1].revoke_user_sessions(user).await.unwrap();
    two.server.clear_faults();
    let (response, _) = slow.await.unwrap();
    assert_eq!(response.status, 303);
    assert_eq!(two.statuses().await, [401, 401]);
}

/// SE-6
pub async fn a_logout_counts_everywhere(store: impl SessionStore + Clone) {
    let two = TwoProcesses::start(store).await;
    two.at(1).open("/logout").await;
    assert_eq!(two.statuses().await, [401, 401]);
}

/// SE-1
pub async fn a_login_ends_the_session_of_before(store: impl SessionStore + Clone) {
    let two = TwoProcesses::start(store).await;
    two.at(1).log_in(&two.server, "/login?prompt=login").await;
    assert_eq!(two.statuses().await, [401, 401]);
}

/// SE-11
pub async fn a_users_sessions_end_everywhere(store: impl SessionStore + Clone) {
    let two = TwoProcesses::start(store).await;
    let user = two.server.user_id(EMAIL);
    two.auths[1].revoke_user_sessions(user).await.unwrap();
    assert_eq!(two.statuses().await, [401, 401]);

    two.server.advance(Duration::from_secs(1));
    let mut again = two.at(0);
    again.log_in(&two.server, "/login").await;
    assert_eq!(again.open("/castles").await.status, 200);
    // Once more, to overwrite the former record.
    two.auths[0].revoke_user_sessions(user).await.unwrap();
    let (response, _) = again
        .at(two.apps[1].clone())
        .send_once(page("/castles", "none"))
        .await;
    assert_eq!(response.status, 303);
}

/// SE-11
pub async fn one_session_can_be_ended(store: impl SessionStore + Clone) {
    let two = TwoProcesses::start(store).await;
    let route = get(async |session: CurrentSession| session.id().unwrap().to_string());
    let app = Router::new().route("/", route).layer(two.auths[0].layer());
    let id = two.at(0).at(app).open("/").await.body;
    two.auths[1]
        .revoke_session(id.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(two.statuses().await, [401, 401]);
}

/// SE-5
pub async fn a_session_of_any_size_fits(store: impl SessionStore + Clone) {
    let permissions = (0..400).map(|n| format!("castles:permission-{n}"));
    let user = permissions.fold(User::new(EMAIL, "herminetincture"), User::permission);
    let server = FiefTestServer::builder().user(user).start().await.unwrap();
    let two = TwoProcesses::on(server, store).await;
    assert_eq!(two.statuses().await, [200, 200]);
}

/// FD-2, SE-16: it was created before the revocation, at a later time.
pub async fn a_session_of_a_fast_clock_is_revoked_by_a_slow_one(store: impl SessionStore + Clone) {
    let server = FiefTestServer::start().await;
    let auths = [ahead(&server, 5), ahead(&server, 0)]
        .map(|fief| builder_with(&server, fief, key()).session_store(store.clone()));
    let auths = auths.map(|auth| auth.build().unwrap());
    let mut visitor = Visitor::new(app(&auths[0]));
    visitor.log_in(&server, "/login").await;
    server.advance(Duration::from_secs(2));

    let revoked = auths[1].revoke_user_sessions(server.user_id(EMAIL)).await;

    revoked.unwrap();
    for auth in &auths {
        let response = visitor.at(app(auth)).fetch(Method::GET, "/castles").await;
        assert_eq!(response.status, 401);
    }
}

/// For this long, an access token is valid after it has expired, so that a lost refresh would not show.
const LEEWAY: Duration = Duration::from_secs(120);
