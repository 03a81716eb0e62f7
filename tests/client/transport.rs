use std::{error::Error, io, sync::Arc, time::Duration};

use fief_client::{AuthorizationRequest, Fief, FiefError};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{CALLBACK, builder, fief};

/// D17: refused connections are distinguished from all other errors.
#[tokio::test]
async fn a_refused_connection_is_a_connect_error() {
    let error = discover(&Fief::builder(unused_url(), "CLIENT_ID").build().unwrap()).await;
    assert!(
        error.is_connect() && !error.is_timeout() && !error.is_body(),
        "{error:?}"
    );
    assert_eq!(error.status(), None);
}

/// D17: and the chain of causes says that it was the name.
#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_connect_error() {
    let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
        .http_client(|client| client.dns_resolver(Arc::new(NoNames)))
        .build()
        .unwrap();
    let error = discover(&fief).await;
    assert!(error.is_connect(), "{error:?}");
    assert!(chain(&error).contains("no such name"), "{}", chain(&error));
}

/// D17, DJ-1: a server that does not speak TLS.
#[tokio::test]
async fn a_failed_handshake_is_a_connect_error() {
    let server = FiefTestServer::start().await;
    let https = server.url().replace("http://", "https://");
    let error = discover(&Fief::builder(https, "CLIENT_ID").build().unwrap()).await;
    assert!(error.is_connect(), "{error:?}");
    assert!(
        chain(&error).to_lowercase().contains("invalidcontenttype"),
        "{}",
        chain(&error)
    );
}

/// DJ-3: five seconds in all, by the runtime's clock.
#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_after_five_seconds() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    server.fault(Endpoint::Discovery, Fault::hang());
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let error = discover(&fief).await;
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(began.elapsed().as_secs(), 5);
    server.clear_faults();
}

/// DJ-3: a byte at a time does not buy more.
#[tokio::test]
async fn a_slow_body_is_given_up_after_five_seconds() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    server.fault(Endpoint::Discovery, Fault::drip(Duration::from_secs(1)));
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let error = discover(&fief).await;
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(began.elapsed().as_secs(), 5);
    server.clear_faults();
}

/// D17, DJ-5: a response that breaks off.
#[tokio::test]
async fn a_body_that_breaks_off_is_a_body_error() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::cut());
    let error = discover(&fief(&server)).await;
    assert!(
        error.is_body() && !error.is_connect() && !error.is_timeout(),
        "{error:?}"
    );
}

/// DJ-16, DJ-17, Q25: a GET is sent once more if no response began.
#[tokio::test]
async fn a_get_is_sent_once_more() {
    let server = FiefTestServer::start().await;
    server.fault_once(Endpoint::Discovery, Fault::reset());
    let fief = fief(&server);
    fief.auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap();
    assert_eq!(server.requests(Endpoint::Discovery), 2);
    server.fault(Endpoint::Userinfo, Fault::reset());
    fief.userinfo("TOKEN").await.unwrap_err();
    assert_eq!(server.requests(Endpoint::Userinfo), 2);
}

/// DJ-16: a request that received a response is not sent again.
#[tokio::test]
async fn a_get_with_a_response_is_sent_once() {
    let server = FiefTestServer::start().await;
    for fault in [
        Fault::status(500),
        Fault::status(503),
        Fault::cut(),
        Fault::redirect("/x"),
    ] {
        server.reset_requests();
        server.fault(Endpoint::Discovery, fault.clone());
        discover(&fief(&server)).await;
        assert_eq!(server.requests(Endpoint::Discovery), 1, "{fault:?}");
    }
}

/// DJ-2
#[tokio::test]
async fn redirects_are_not_followed() {
    let (server, elsewhere) = (FiefTestServer::start().await, FiefTestServer::start().await);
    for status in [300, 301, 302, 303, 304, 307, 308] {
        let target = format!("{}/.well-known/openid-configuration", elsewhere.url());
        server.fault(
            Endpoint::Discovery,
            Fault::status(status).header("location", target),
        );
        assert_eq!(discover(&fief(&server)).await.status().unwrap(), status);
    }
    assert_eq!(elsewhere.requests(Endpoint::Discovery), 0);
}

/// DJ-2, D17: regardless of the caller's builder.
#[tokio::test]
async fn policies_are_set_after_the_callers() {
    let server = FiefTestServer::start().await;
    let fief = builder(&server)
        .http_client(|client| {
            let client = client.redirect(reqwest::redirect::Policy::limited(5));
            client
                .timeout(Duration::from_secs(3600))
                .user_agent("castles/1")
        })
        .build()
        .unwrap();
    server.fault(Endpoint::Discovery, Fault::redirect("/elsewhere"));
    assert_eq!(discover(&fief).await.status().unwrap(), 302);
    server.fault(Endpoint::Discovery, Fault::hang());
    tokio::time::pause();
    assert!(discover(&fief).await.is_timeout());
    server.clear_faults();
}

/// C03: a client certificate that is none.
#[test]
fn a_client_that_cannot_be_built_is_a_configuration_error() {
    let bad = Fief::builder("https://fief.example.com", "CLIENT_ID")
        .http_client(|client| client.user_agent("not\na header"))
        .build();
    assert!(matches!(bad, Err(FiefError::Configuration(_))));
}

/// DJ-16: no request for as long as Fief demands, but a minute at most; then requested again.
#[tokio::test]
async fn a_busy_server_is_left_alone() {
    for (requested, kept) in [("20", 20), ("86400", 60)] {
        let server = FiefTestServer::start().await;
        server.set_time(std::time::SystemTime::now());
        let fief = fief(&server);
        let busy = Fault::status(503).header("retry-after", requested);
        server.fault_once(Endpoint::Discovery, busy);
        for _ in 0..3 {
            assert_eq!(discover(&fief).await.status().unwrap(), 503);
        }
        server.advance(Duration::from_secs(kept - 1));
        assert_eq!(discover(&fief).await.status().unwrap(), 503);
        assert_eq!(server.requests(Endpoint::Discovery), 1);
        server.advance(Duration::from_secs(1));
        fief.auth_url(CALLBACK, &AuthorizationRequest::new())
            .await
            .unwrap();
    }
}

/// DJ-16, RB-9: a clock that went back ends it.
#[tokio::test]
async fn a_clock_that_goes_back_does_not_leave_fief_alone_for_longer() {
    let server = FiefTestServer::start().await;
    let now = std::time::SystemTime::now();
    server.set_time(now);
    let fief = fief(&server);
    let busy = Fault::status(503).header("retry-after", "20");
    server.fault_once(Endpoint::Discovery, busy);
    assert_eq!(discover(&fief).await.status().unwrap(), 503);
    server.set_time(now - Duration::from_secs(1));
    super::discover(&fief).await.unwrap();
}

/// DJ-16: the caller can pass it on.
#[tokio::test]
async fn retry_after_can_be_read() {
    let server = FiefTestServer::start().await;
    let cases = [
        (429, "7", Some(7)),
        (503, "61", Some(60)),
        (503, "99999999999999999999", Some(60)),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", None),
        (503, "-1", None),
        (500, "7", None),
    ];
    for (status, value, expected) in cases {
        server.fault(
            Endpoint::Userinfo,
            Fault::status(status).header("retry-after", value),
        );
        let Err(FiefError::Request { detail, .. }) = fief(&server).userinfo("TOKEN").await else {
            panic!("another error");
        };
        assert_eq!(
            detail.retry_after(),
            expected.map(Duration::from_secs),
            "{value}"
        );
    }
}

/// Q20: the next use sends the request again.
#[tokio::test]
async fn a_failed_discovery_is_not_kept() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    server.fault_once(
        Endpoint::Discovery,
        Fault::status(500).body(r#"{"detail":"error"}"#),
    );
    assert_eq!(discover(&fief).await.status().unwrap(), 500);
    assert!(
        fief.auth_url(CALLBACK, &AuthorizationRequest::new())
            .await
            .is_ok()
    );
}

/// C19
#[tokio::test]
async fn an_error_of_discovery_is_a_request_error() {
    let server = FiefTestServer::start().await;
    server.fault(
        Endpoint::Discovery,
        Fault::status(400).body(r#"{"detail":"Bad Request"}"#),
    );
    let FiefError::Request { status, detail, .. } = discover(&fief(&server)).await else {
        panic!("another error");
    };
    assert_eq!((status.as_u16(), detail.code()), (400, Some("Bad Request")));
}

async fn discover(fief: &Fief) -> FiefError {
    fief.auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap_err()
}

/// Returns a URL without a server.
fn unused_url() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(|error| format!("{error:?} {error}\n")).collect()
}

struct NoNames;

impl Resolve for NoNames {
    fn resolve(&self, _: Name) -> Resolving {
        let failed: Result<Addrs, _> = Err(io::Error::other("no such name").into());
        Box::pin(std::future::ready(failed))
    }
}
