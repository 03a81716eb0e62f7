use std::time::Duration;

use axum::http::StatusCode;
use fief_client::Fief;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use crate::{
    fixture::{Fixture, mint},
    measure,
};

/// Tokens of known keys when the keys are due and Fief hangs.
pub(crate) async fn report() {
    let server = FiefTestServer::start().await;
    let builder = Fief::builder(server.url(), server.client_id());
    let fief = builder.clock(server.clock()).build().unwrap();
    let fixture = Fixture::with(server, fief, 1).await;
    let (added, bare) = fixture.seen("before", 1).added();
    let before = added / bare;
    fixture.server.fault(Endpoint::Jwks, Fault::hang());
    fixture.server.advance(Duration::from_secs(9 * 60));
    let mut pair = fixture.seen("during", 1);
    fixture.server.wait_for_requests(Endpoint::Jwks, 1).await;
    let (added, bare) = pair.added();
    let during = added / bare;
    // A token that needs verification does not wait either.
    let new = mint(&fixture.server, 1);
    assert_eq!(fixture.ask(&new).await, StatusCode::OK);
    measure::report(
        "seen token while Fief hangs",
        format_args!("adds {during:.2} x a bare route, {before:.2} before"),
        during <= before * 1.2,
        format_args!("no change"),
    );
}
