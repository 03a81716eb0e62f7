//! Metrics.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, atomic::AtomicU64, atomic::Ordering},
};

use axum::{http::Request, routing::get};
use fief_axum::{Authenticated, CurrentUser};
use fief_test_server::FiefTestServer;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::{api, call, guarded, one, send, status, whoami};

/// Recorder of the metrics of this thread.
#[derive(Default)]
pub(crate) struct Counts(Mutex<HashMap<String, Arc<AtomicU64>>>);

impl Counts {
    pub(crate) fn of(&self, key: &str) -> u64 {
        let counts = self.0.lock().unwrap();
        counts
            .get(key)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Returns the labels of a metric with their counts.
    pub(crate) fn labels_of(&self, name: &str) -> String {
        let counts = self.0.lock().unwrap();
        let counts = counts.iter().filter_map(|(key, count)| {
            let label = key.strip_prefix(name)?.trim();
            Some(format!("{label} {}", count.load(Ordering::Relaxed)))
        });
        counts.collect::<Vec<_>>().join(", ")
    }

    fn at(&self, key: &Key) -> Arc<AtomicU64> {
        let labels = key
            .labels()
            .map(|label| label.value())
            .collect::<Vec<_>>()
            .join(" ");
        let name = format!("{} {labels}", key.name());
        self.0
            .lock()
            .unwrap()
            .entry(name.trim().to_owned())
            .or_default()
            .clone()
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.at(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.at(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// The names are documented, so they must not change.
#[tokio::test]
async fn requests_tokens_users_and_fetches_are_counted() {
    let server = FiefTestServer::start().await;
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let auth = api(&server);
    let app = one(get(async |_: CurrentUser| "inside").route_layer(auth.require().scope("openid")));
    let token = server.access_token().mint();
    let lacking = server.access_token().claim("scope", "other").mint();

    for token in [&token, &token, "INVALID", &lacking] {
        status(&app, token).await;
    }
    send(&app, Request::get("/")).await;

    let expected = [
        ("fief_axum_requests_total authenticated", 3),
        ("fief_axum_requests_total invalid_token", 1),
        ("fief_axum_requests_total unauthorized", 1),
        ("fief_axum_rejections_total insufficient_scope", 1),
        ("fief_axum_users_total fief", 1),
        ("fief_axum_users_total cache", 1),
        ("fief_client_access_tokens_total verified", 2),
        ("fief_client_access_tokens_total cached", 1),
        ("fief_client_access_tokens_total rejected", 1),
        ("fief_client_requests_total /.well-known/jwks.json 200", 1),
    ];
    for (name, count) in expected {
        assert_eq!(counts.of(name), count, "{name}");
    }
    assert!(counts.of("fief_client_keys_fetched_at_seconds") > 0);
}

/// FD-74, TV-28, ER-5: an expired token is counted as such, and the client gets the same code.
#[tokio::test]
async fn an_expired_token_differs_from_an_invalid_one() {
    let server = FiefTestServer::start().await;
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let app = guarded(api(&server).require());
    for token in [server.access_token().expired().mint(), "INVALID".to_owned()] {
        let response = send(&app, call(&token)).await;
        assert_eq!(response.json()["error"], "invalid_token");
    }
    for label in ["expired_token", "invalid_token"] {
        for metric in ["requests", "rejections"] {
            let name = format!("fief_axum_{metric}_total {label}");
            assert_eq!(counts.of(&name), 1, "{name}");
        }
    }
}

/// It is not logged as one either: `/` is public.
#[tokio::test]
async fn what_is_forgiven_is_no_rejection() {
    let server = FiefTestServer::start().await;
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let app = one(get(async |_: Option<Authenticated>| "inside")).layer(api(&server).layer());

    assert_eq!(send(&app, Request::get("/")).await.status, 200);
    assert_eq!(status(&app, "INVALID").await, 200);

    assert_eq!(counts.of("fief_axum_requests_total unauthorized"), 1);
    assert_eq!(counts.of("fief_axum_rejections_total unauthorized"), 0);
    assert_eq!(counts.of("fief_axum_rejections_total invalid_token"), 0);
}

/// D5
#[tokio::test]
async fn an_extractor_that_nothing_surrounds_is_counted() {
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);

    assert_eq!(send(&one(get(whoami)), Request::get("/")).await.status, 500);

    assert_eq!(counts.of("fief_axum_rejections_total server_error"), 1);
}
