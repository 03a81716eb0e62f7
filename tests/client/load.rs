//! The load on Fief: what is sent while it is slow, busy or unreachable.

use std::time::Duration;

use axum::{body::Body, http::Request};
use fief_axum::FiefAuth;
use fief_client::{AuthorizationRequest, Fief, FiefError, RefreshParams};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tower::ServiceExt;
use tracing::Level;

use super::{begin, builder, discover, fief, finish, log::Log, wait_for_requests};
use crate::keys::{MINUTE, SECOND, at_once, connected, token, token_of_unknown_key, validate};

fn is_busy(error: &FiefError) -> bool {
    matches!(error, FiefError::Transport(error) if error.is_busy())
}

/// Returns a server with a clock that stands still, and a client.
async fn stopped() -> (FiefTestServer, Fief) {
    let server = FiefTestServer::start().await;
    server.set_time(std::time::SystemTime::now());
    let fief = fief(&server);
    (server, fief)
}

/// Refreshes, and returns whether a request was sent.
async fn refresh(fief: &Fief) -> Result<(), FiefError> {
    let params = RefreshParams::new();
    fief.auth_refresh_token("TOKEN", &params).await.map(|_| ())
}

/// FD-60, RB-11: of 100 refreshes at once, 64 are sent while Fief hangs, and the others fail at once.
#[tokio::test]
async fn sixty_four_requests_are_in_flight() {
    let (server, fief) = stopped().await;
    fief.prefetch_keys().await.unwrap();
    server.fault(Endpoint::Token, Fault::hang());
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let fief = fief.clone();
            tokio::spawn(async move { refresh(&fief).await })
        })
        .collect();
    wait_for_requests(&server, Endpoint::Token, 64).await;
    let error = refresh(&fief).await.unwrap_err();
    assert!(is_busy(&error), "{error:?}");
    assert!(is_busy(&fief.userinfo("TOKEN").await.unwrap_err()));
    // Those of the keys are not among them.
    server.rotate_key();
    validate(&fief, &token(&server, 0)).await.unwrap();
    for task in waiting {
        task.abort();
        let _ = task.await;
    }
    assert_eq!(server.requests(Endpoint::Token), 64);
    server.clear_faults();
    let rejected = refresh(&fief).await.unwrap_err();
    assert!(rejected.status().is_some(), "{rejected:?}");
}

/// FD-60, RB-11: anyone can send codes, so they take at most half.
#[tokio::test]
async fn codes_do_not_take_the_place_of_refreshes() {
    let (server, fief) = stopped().await;
    let (attempt, query) = begin(&server, &fief, AuthorizationRequest::new()).await;
    fief.prefetch_keys().await.unwrap();
    server.fault(Endpoint::Token, Fault::hang());
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let (fief, attempt, query) = (fief.clone(), attempt.clone(), query.clone());
            tokio::spawn(async move { finish(&fief, &attempt, &query).await.map(|_| ()) })
        })
        .collect();
    wait_for_requests(&server, Endpoint::Token, 32).await;
    assert!(is_busy(&finish(&fief, &attempt, &query).await.unwrap_err()));
    assert_eq!(server.requests(Endpoint::Token), 32);
    server.clear_faults();
    let rejected = refresh(&fief).await.unwrap_err();
    assert!(rejected.status().is_some(), "{rejected:?}");
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

/// RB-11: a change is a request, also if it fails, but for those without a response.
#[tokio::test]
async fn changes_of_accounts_are_a_request_each() {
    let lines = [
        (Fault::delay(Duration::ZERO), 100),
        (Fault::status(500), 100),
        (Fault::reset(), 9),
    ];
    for (fault, requests) in lines {
        let (server, fief) = stopped().await;
        server.fault(Endpoint::Profile, fault);
        for _ in 0..100 {
            let fields = serde_json::json!({});
            fief.update_profile("TOKEN", &fields).await.unwrap_err();
        }
        assert_eq!(server.requests(Endpoint::Profile), requests);
    }
}

/// FD-60, RB-11: each change of an account is a request, so that a user could take all places.
#[tokio::test]
async fn changes_of_accounts_take_sixteen_places() {
    let (server, fief) = stopped().await;
    server.fault(Endpoint::Profile, Fault::hang());
    let mut changes = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let fief = fief.clone();
        let fields = serde_json::json!({});
        changes.spawn(async move { fief.update_profile("TOKEN", &fields).await.map(|_| ()) });
    }
    for _ in 0..84 {
        let change = changes.join_next().await.unwrap().unwrap();
        assert!(is_busy(&change.unwrap_err()));
    }
    wait_for_requests(&server, Endpoint::Profile, 16).await;
    let rejected = refresh(&fief).await.unwrap_err();
    assert!(rejected.status().is_some(), "{rejected:?}");
    assert_eq!(server.requests(Endpoint::Profile), 16);
}

/// FD-61, DJ-14: one at once, and another one that the first failure makes worth it.
#[tokio::test]
async fn discovery_backs_off_and_logs_once() {
    let (server, fief) = stopped().await;
    let (log, _guard) = Log::of(Level::WARN);
    server.fault(Endpoint::Discovery, Fault::status(500));
    for _ in 0..1000 {
        discover(&fief).await.unwrap_err();
    }
    assert_eq!(server.requests(Endpoint::Discovery), 2);
    assert_eq!(log.text().lines().count(), 1, "{}", log.text());
    for _ in 0..600 {
        server.advance(SECOND);
        discover(&fief).await.unwrap_err();
    }
    let requests = server.requests(Endpoint::Discovery);
    assert!((20..60).contains(&requests), "{requests} in ten minutes");
    assert!(log.text().lines().count() <= 21, "{}", log.text());
    server.clear_faults();
    server.advance(MINUTE / 2);
    discover(&fief).await.unwrap();
}

/// FD-62, DJ-16: of each endpoint alone.
#[tokio::test]
async fn each_endpoint_is_left_alone_for_as_long_as_it_demands() {
    let (server, fief) = stopped().await;
    let (attempt, query) = begin(&server, &fief, AuthorizationRequest::new()).await;
    fief.prefetch_keys().await.unwrap();
    let busy = Fault::status(429).header("retry-after", "20");
    for endpoint in [Endpoint::Token, Endpoint::Userinfo, Endpoint::Profile] {
        server.fault(endpoint, busy.clone());
    }
    for _ in 0..3 {
        let fields = serde_json::json!({});
        let failed = [
            finish(&fief, &attempt, &query).await.map(|_| ()),
            refresh(&fief).await,
            fief.userinfo("TOKEN").await.map(|_| ()),
            fief.update_profile("TOKEN", &fields).await.map(|_| ()),
        ];
        for failed in failed {
            assert_eq!(failed.unwrap_err().status().unwrap(), 429);
        }
    }
    // One of the exchange and one of the refresh.
    assert_eq!(server.requests(Endpoint::Token), 2);
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
    assert_eq!(server.requests(Endpoint::Profile), 1);
    server.clear_faults();
    server.advance(20 * SECOND);
    finish(&fief, &attempt, &query).await.unwrap();
}

/// RB-11, DJ-14: without a response again and again, Fief is left alone for a moment.
#[tokio::test]
async fn requests_without_a_response_back_off() {
    let (server, fief) = stopped().await;
    let (log, _guard) = Log::of(Level::WARN);
    fief.prefetch_keys().await.unwrap();
    server.fault(Endpoint::Token, Fault::reset());
    for _ in 0..100 {
        refresh(&fief).await.unwrap_err();
    }
    assert_eq!(server.requests(Endpoint::Token), 9);
    assert_eq!(log.text().lines().count(), 1, "{}", log.text());
    for _ in 0..60 {
        server.advance(SECOND);
        refresh(&fief).await.unwrap_err();
    }
    let requests = server.requests(Endpoint::Token);
    assert!((19..45).contains(&requests), "{requests} in a minute");
    server.clear_faults();
    server.advance(5 * SECOND);
    for _ in 0..3 {
        assert!(refresh(&fief).await.unwrap_err().status().is_some());
    }
}

/// FD-64: an API that is called once in two minutes waits once, not at each call.
#[tokio::test]
async fn known_keys_serve_at_once_also_if_calls_are_rare() {
    let (server, fief) = connected().await;
    server.set_time(std::time::SystemTime::now());
    server.fault(Endpoint::Jwks, Fault::hang());
    server.advance(11 * MINUTE);
    let first = token(&server, 0);
    let waiting = tokio::spawn({
        let fief = fief.clone();
        async move { validate(&fief, &first).await.map(|_| ()) }
    });
    wait_for_requests(&server, Endpoint::Jwks, 1).await;
    // The others go on.
    for number in 1..4 {
        let next = at_once(&fief, &token(&server, number)).await;
        assert!(next.unwrap().is_ok());
    }
    waiting.await.unwrap().unwrap();
    for number in 4..8 {
        server.advance(2 * MINUTE);
        let next = at_once(&fief, &token(&server, number)).await;
        assert!(next.unwrap().is_ok());
    }
}

/// FD-65: of a thousand unknown key ids one waits for Fief, which hangs.
#[tokio::test]
async fn one_unknown_key_id_waits() {
    let (server, fief) = connected().await;
    server.set_time(std::time::SystemTime::now());
    server.fault(Endpoint::Jwks, Fault::hang());
    let first = token_of_unknown_key(&server, 0);
    let waiting = tokio::spawn({
        let fief = fief.clone();
        async move { validate(&fief, &first).await.map(|_| ()) }
    });
    wait_for_requests(&server, Endpoint::Jwks, 1).await;
    for number in 1..1000 {
        let other = at_once(&fief, &token_of_unknown_key(&server, number)).await;
        assert!(
            matches!(other, Some(Err(FiefError::AccessTokenInvalid { .. }))),
            "{other:?}"
        );
    }
    waiting.abort();
}

/// FD-65: nor do more wait for a renewal in the background.
#[tokio::test]
async fn unknown_key_ids_do_not_wait_for_a_renewal() {
    let (server, fief) = connected().await;
    server.set_time(std::time::SystemTime::now());
    validate(&fief, &token(&server, 0)).await.unwrap();
    server.advance(9 * MINUTE);
    server.reset_requests();
    server.fault(Endpoint::Jwks, Fault::hang());
    validate(&fief, &token(&server, 1)).await.unwrap();
    wait_for_requests(&server, Endpoint::Jwks, 1).await;
    let tokens: Vec<_> = (0..400).map(|n| token_of_unknown_key(&server, n)).collect();
    let mut calls: Vec<_> = tokens
        .iter()
        .map(|token| Box::pin(validate(&fief, token)))
        .collect();
    let mut waiting = 0;
    for call in &mut calls {
        match crate::keys::poll_once(call.as_mut()).await {
            None => waiting += 1,
            Some(rejected) => assert!(
                matches!(rejected, Err(FiefError::AccessTokenInvalid { .. })),
                "{rejected:?}"
            ),
        }
    }
    assert_eq!(waiting, 1);
}

/// FD-65, RB-11: without keys as many wait as a start may need.
#[tokio::test]
async fn without_keys_as_many_wait_as_there_is_room_for() {
    let (server, fief) = stopped().await;
    server.fault(Endpoint::Discovery, Fault::hang());
    let tokens: Vec<_> = (0..400).map(|n| token_of_unknown_key(&server, n)).collect();
    let mut calls: Vec<_> = tokens
        .iter()
        .map(|token| Box::pin(validate(&fief, token)))
        .collect();
    let mut results = Vec::new();
    for call in &mut calls {
        results.push(crate::keys::poll_once(call.as_mut()).await);
    }
    let (failed, waiting): (Vec<_>, Vec<_>) = results.into_iter().partition(Option::is_some);
    assert_eq!((failed.len(), waiting.len()), (144, 256));
    assert!(
        failed
            .into_iter()
            .flatten()
            .all(|result| is_busy(&result.unwrap_err()))
    );
}

/// FD-91: a Fief that needs longer than five seconds.
#[tokio::test]
async fn a_timeout_can_be_set() {
    let server = FiefTestServer::start().await;
    let invalid = [
        (
            Duration::from_millis(999),
            "timeout must be 1 to 60 seconds",
        ),
        (Duration::from_secs(61), "timeout must be 1 to 60 seconds"),
    ];
    for (timeout, why) in invalid {
        let error = builder(&server).timeout(timeout).build().unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    for connect in [Duration::ZERO, Duration::from_secs(6)] {
        let error = builder(&server).connect_timeout(connect).build();
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("connect_timeout must be")
        );
    }
    let slow = Fault::delay(Duration::from_millis(1500));
    server.fault(Endpoint::Discovery, slow);
    let hasty = builder(&server).timeout(SECOND).build().unwrap();
    assert!(discover(&hasty).await.unwrap_err().is_timeout());
    let patient = builder(&server).timeout(20 * SECOND).build().unwrap();
    discover(&patient).await.unwrap();
}

/// FD-61: nor does what anyone can open log more.
#[tokio::test]
async fn a_thousand_logins_while_discovery_fails_cost_two_requests_and_a_line() {
    let (server, fief) = stopped().await;
    let (log, _guard) = Log::of(Level::WARN);
    server.fault(Endpoint::Discovery, Fault::status(500));
    let auth = FiefAuth::builder(fief)
        .login("https://app.example.com", crate::login::key())
        .resource("https://app.example.com/api")
        .build()
        .unwrap();
    let app = auth.routes().merge(auth.resource_metadata());
    for _ in 0..500 {
        for path in ["/login", "/.well-known/oauth-protected-resource/api"] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            assert_eq!(app.clone().oneshot(request).await.unwrap().status(), 503);
        }
    }
    assert_eq!(server.requests(Endpoint::Discovery), 2);
    assert_eq!(log.text().lines().count(), 1, "{}", log.text());
}
