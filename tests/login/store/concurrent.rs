//! What happens at the same time in two processes that share a store.

use std::time::Duration;

use axum::http::Method;
use fief_test_server::{Endpoint, FiefTestServer, User};
use tokio::{join, task::yield_now};
use tower_sessions_core::SessionStore;

use super::{cases::TwoProcesses, distant::Distant};
use crate::{
    login::{
        Visitor,
        refresh::LIFETIME,
        visitor::{page, path},
    },
    web::EMAIL,
};

/// Opens a page after a number of turns.
async fn open_after(turns: usize, visitor: Visitor) -> u16 {
    for _ in 0..turns {
        yield_now().await;
    }
    let (response, _) = visitor.send_once(page("/castles", "none")).await;
    response.status.as_u16()
}

/// D12, RF-2: the access token has expired, so that both need the new one, and a refresh token is used once.
pub async fn a_refresh_in_two_processes_loses_no_request(store: impl SessionStore + Clone) {
    const RACES: usize = 50;
    let two = TwoProcesses::start(Distant::new(store)).await;
    let mut visitors = Vec::new();
    for _ in 0..RACES {
        let mut visitor = Visitor::new(two.apps[0].clone());
        visitor.log_in(&two.server, "/login").await;
        visitors.push(visitor);
    }
    two.server.advance(LIFETIME + Duration::from_secs(120));
    two.server.reset_requests();
    let mut rejected = 0;
    for (race, visitor) in visitors.into_iter().enumerate() {
        let (first, second) = join!(
            tokio::spawn(open_after(race % 5, visitor.clone())),
            tokio::spawn(open_after(race / 5 % 5, visitor.at(two.apps[1].clone())))
        );
        let statuses = [first.unwrap(), second.unwrap()];
        rejected += usize::from(statuses != [200, 200]);
    }
    let requests = two.server.requests(Endpoint::Token);
    assert_eq!(rejected, 0, "of {RACES} races, {requests} token requests");
}

/// Starts two processes with many users, each of whom is at a callback.
async fn at_callbacks(store: impl SessionStore + Clone, users: usize) -> TwoProcesses {
    let emails = (0..users).map(email);
    let users = emails.map(|email| User::new(email, "herminetincture"));
    let builder = FiefTestServer::builder().user(User::new(EMAIL, "herminetincture"));
    let server = users.fold(builder, |builder, user| builder.user(user));
    TwoProcesses::on(server.start().await.unwrap(), store).await
}

fn email(n: usize) -> String {
    format!("user-{n}@example.com")
}

/// Returns a browser at one of the processes, and the callback of a user.
async fn begun(two: &TwoProcesses, process: usize, user: &str) -> (Visitor, String) {
    let mut visitor = Visitor::new(two.apps[process].clone());
    let begun = visitor.open("/login").await;
    let callback = two.server.log_in(user, begun.header("location")).await;
    (visitor, path(&callback))
}

/// Returns the statuses of a script's requests to both processes.
async fn statuses(two: &TwoProcesses, visitor: &Visitor) -> [u16; 2] {
    let mut statuses = [0; 2];
    for (status, app) in statuses.iter_mut().zip(&two.apps) {
        let response = visitor.at(app.clone()).fetch(Method::GET, "/castles").await;
        *status = response.status.as_u16();
    }
    statuses
}

/// Opens a callback. Returns the browser, which is logged in unless that failed.
async fn complete((mut visitor, callback): (Visitor, String)) -> Visitor {
    visitor.open(&callback).await;
    visitor
}

/// D11: both find no epoch record of the user, and create it.
pub async fn simultaneous_first_logins_both_count(store: impl SessionStore + Clone) {
    const USERS: usize = 30;
    let two = at_callbacks(Distant::new(store), USERS).await;
    let mut void = 0;
    for user in (0..USERS).map(email) {
        let (first, second) = (begun(&two, 0, &user).await, begun(&two, 1, &user).await);
        let (first, second) = join!(
            tokio::spawn(complete(first)),
            tokio::spawn(complete(second))
        );
        for visitor in [first.unwrap(), second.unwrap()] {
            void += usize::from(statuses(&two, &visitor).await != [200, 200]);
        }
    }
    assert_eq!(void, 0, "of {USERS} pairs of logins");
}

/// D11, SE-16: it counts or it is void, for both processes alike.
pub async fn a_login_during_a_revocation_is_the_same_everywhere(store: impl SessionStore + Clone) {
    const USERS: usize = 30;
    let two = at_callbacks(Distant::new(store), USERS).await;
    let mut different = 0;
    for (n, user) in (0..USERS).map(email).enumerate() {
        let before = complete(begun(&two, n / 2 % 2, &user).await).await;
        let login = begun(&two, 0, &user).await;
        let (auth, id) = (two.auths[n % 2].clone(), two.server.user_id(&user));
        let revoke = async move { auth.revoke_user_sessions(id).await };
        let (during, revoked) = join!(tokio::spawn(complete(login)), tokio::spawn(revoke));
        revoked.unwrap().unwrap();

        assert_eq!(statuses(&two, &before).await, [401, 401]);
        let [first, second] = statuses(&two, &during.unwrap()).await;
        different += usize::from(first != second);
        let after = complete(begun(&two, n % 2, &user).await).await;
        assert_eq!(statuses(&two, &after).await, [200, 200]);
    }
    assert_eq!(different, 0, "of {USERS} logins");
}
