//! How many requests to Fief a client can cause: each line of the table in `fief_axum::load`, by a client that keeps
//! the cookies that are removed.

mod callback;
mod documents;
mod log;
mod sessions;
mod users;
mod webhooks;

use std::{
    fmt::Debug,
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use axum::Router;
use fief_axum::FiefAuth;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    login::{Visitor, builder},
    web::TestResponse,
};

const SECOND: Duration = Duration::from_secs(1);
const ENDPOINTS: [Endpoint; 5] = [
    Endpoint::Discovery,
    Endpoint::Jwks,
    Endpoint::Profile,
    Endpoint::Token,
    Endpoint::Userinfo,
];

/// Returns a server whose clock stands still.
async fn start() -> FiefTestServer {
    let server = FiefTestServer::start().await;
    server.set_time(SystemTime::now());
    server
}

/// Returns the builder of a web application that is also an API.
fn auth(server: &FiefTestServer) -> FiefAuth {
    let builder = builder(server).user_route("/user").ready_route("/ready");
    builder
        .resource("https://app.example.com/api")
        .build()
        .unwrap()
}

/// Returns an application in a process of its own. A warm one has discovery and keys.
async fn application(server: &FiefTestServer, is_warm: bool) -> Router {
    let auth = auth(server);
    if is_warm {
        auth.fief().prefetch_keys().await.unwrap();
    }
    server.reset_requests();
    crate::login::app(&auth).merge(auth.resource_metadata())
}

/// Sets how Fief is.
type State = fn(&FiefTestServer);

fn well(_: &FiefTestServer) {}

fn failing(server: &FiefTestServer) {
    for endpoint in ENDPOINTS {
        server.fault(endpoint, Fault::status(500));
    }
}

fn unreachable(server: &FiefTestServer) {
    for endpoint in ENDPOINTS {
        server.fault(endpoint, Fault::reset());
    }
}

fn hanging(server: &FiefTestServer) {
    for endpoint in ENDPOINTS {
        server.fault(endpoint, Fault::hang());
    }
}

pub fn requests(server: &FiefTestServer) -> usize {
    ENDPOINTS
        .map(|endpoint| server.requests(endpoint))
        .iter()
        .sum()
}

/// A line of the table: requests at once, and in the ten minutes after that.
type Line = (RangeInclusive<usize>, RangeInclusive<usize>);

/// Sends two hundred requests, and then one each second for ten minutes. Returns how many Fief gets.
async fn attack(server: &FiefTestServer, send: impl AsyncFn(usize)) -> (usize, usize) {
    for number in 0..200 {
        send(number).await;
    }
    let at_once = requests(server);
    for number in 200..800 {
        server.advance(SECOND);
        send(number).await;
        // What runs in the background goes on meanwhile.
        if number % 5 == 0 {
            turn(server).await;
        }
    }
    (at_once, requests(server) - at_once)
}

/// Sends a request that counts for no endpoint.
async fn turn(server: &FiefTestServer) {
    let address = server.url().strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = b"GET /none HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    connection.write_all(request).await.unwrap();
    connection.read_to_end(&mut Vec::new()).await.unwrap();
}

fn assert_line((at_once, later): (usize, usize), line: &Line, what: impl Debug) {
    let is_right = line.0.contains(&at_once) && line.1.contains(&later);
    assert!(
        is_right,
        "{what:?}: {at_once} at once and {later} in ten minutes"
    );
}

/// Sends requests at once. Returns the first `early` responses, and what waits.
async fn at_once(
    requests: impl IntoIterator<Item = (Router, String)>,
    early: usize,
) -> (Vec<TestResponse>, JoinSet<TestResponse>) {
    let mut waiting = JoinSet::new();
    for (app, path) in requests {
        let mut visitor = Visitor::new(app);
        waiting.spawn(async move { visitor.open(&path).await });
    }
    let responses = first(&mut waiting, early).await;
    (responses, waiting)
}

async fn first(waiting: &mut JoinSet<TestResponse>, count: usize) -> Vec<TestResponse> {
    let mut responses = Vec::new();
    for _ in 0..count {
        responses.push(waiting.join_next().await.unwrap().unwrap());
    }
    responses
}

fn assert_busy(responses: &[TestResponse]) {
    for response in responses {
        assert_eq!(response.status, 503, "{}", response.body);
        assert_eq!(response.header("retry-after"), "5");
    }
}
