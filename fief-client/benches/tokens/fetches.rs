use std::{sync::Arc, time::Duration};

use fief_client::Requirements;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    fixture::{Fixture, client, mint, poll_once},
    measure,
};

/// Counts the fetches of 200 concurrent requests of a client that has cached nothing yet.
pub(crate) async fn report() {
    let server = FiefTestServer::start().await;
    let fief = client(&server);
    let barrier = Arc::new(Barrier::new(200));
    let tokens: Vec<_> = (0..200).map(|i| mint(&server, i)).collect();
    let mut requests = JoinSet::new();
    for token in tokens {
        let (fief, barrier) = (fief.clone(), Arc::clone(&barrier));
        requests.spawn(async move {
            barrier.wait().await;
            fief.validate_access_token(&token, &Requirements::new())
                .await
                .unwrap();
        });
    }
    requests.join_all().await;
    let discovery = server.requests(Endpoint::Discovery);
    let jwks = server.requests(Endpoint::Jwks);
    measure::report(
        "200 first requests at once",
        format_args!("{discovery} discovery and {jwks} key requests"),
        (discovery, jwks) == (1, 1),
        format_args!("1 and 1"),
    );
}

/// Measures cached tokens while the keys are due and Fief hangs.
pub(crate) async fn report_while_hanging() {
    let fixture = Fixture::on_server_time().await;
    let mut subjects = [fixture.cached("before", 1)];
    let before = measure::micros(&mut subjects, "before");
    fixture.server.fault(Endpoint::Jwks, Fault::hang());
    fixture.server.advance(Duration::from_secs(9 * 60));
    let mut subjects = [fixture.cached("during", 1)];
    fixture.server.wait_for_requests(Endpoint::Jwks, 1).await;
    let during = measure::micros(&mut subjects, "during");
    // A token that needs verification does not wait either.
    poll_once(fixture.validate(&mint(&fixture.server, 1))).unwrap();
    measure::report(
        "known keys while Fief hangs, cached token",
        format_args!("{during:.3} us, {before:.3} us before"),
        during <= before * 1.2,
        format_args!("no change"),
    );
}
