//! What protecting a route costs. The lines after criterion's compare, side by side in this run, a protected route
//! with the same router whose layers do nothing, and what may be added.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

mod fixture;
mod hanging;
mod http;
#[path = "../counts/login.rs"]
mod login;
mod measure;
mod raw;
mod session;

use std::time::Duration;

use criterion::Criterion;
use fixture::{Fixture, TOKEN_BYTES};
use measure::{Pair, Subject, report};
use tokio::runtime::Runtime;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .configure_from_args();

    let small = runtime.block_on(Fixture::new(2048, 10_000));
    let large = runtime.block_on(Fixture::new(4096, 200));
    let browsers = runtime.block_on(session::log_in(&small.server, http::CONNECTIONS));
    let mut browser = browsers.clone();
    browser.values.truncate(1);
    let mut added = added(&small, browser);
    let mut verified = [
        (
            small.fresh("new token, RSA-2048"),
            raw::verification(&runtime, &small, 1000),
            1.15,
        ),
        (
            large.fresh("new token, RSA-4096"),
            raw::verification(&runtime, &large, 200),
            1.05,
        ),
    ];
    for (pair, _) in &mut added {
        pair.bench(&mut criterion);
    }
    for (pair, ..) in &mut verified {
        pair.bench(&mut criterion);
    }
    criterion.final_summary();

    println!();
    for (pair, most) in &mut added {
        report_added(pair, *most);
    }
    report_unknown(&runtime, &small);
    for (pair, raw, most) in &mut verified {
        report_verified(pair, raw, *most);
    }
    runtime.block_on(hanging::report());
    let tokens = small.tokens[..http::CONNECTIONS].iter();
    let tokens: Vec<_> = tokens
        .map(|token| format!("Authorization: Bearer {token}"))
        .collect();
    let cookies = browsers.values.iter();
    let cookies: Vec<_> = cookies
        .map(|cookie| format!("Cookie: {}", cookie.to_str().unwrap()))
        .collect();
    let app = small.app.clone();
    runtime.block_on(http::report("seen tokens over HTTP", app, &tokens));
    runtime.block_on(http::report("sessions over HTTP", browsers.app, &cookies));
}

/// With the microseconds that each may add where a bare route takes [`BARE_MICROS`].
fn added(small: &Fixture, browser: fixture::Visitor) -> Vec<(Pair, f64)> {
    vec![
        (small.seen("seen token, one", 1), 0.36),
        (small.seen("seen token, 1000 in turn", 1000), 0.52),
        (small.seen("seen token, 10000 in turn", 10_000), 1.0),
        (browser.pair("session in a sealed cookie"), 0.55),
        (small.refused("garbage", "x".repeat(TOKEN_BYTES)), 2.0),
        (small.refused("1 MB token", "x".repeat(1024 * 1024)), 50.0),
    ]
}

/// Other load slows down all alike, so what counts is the share of a bare route.
fn report_added(pair: &mut Pair, most: f64) {
    let (added, bare) = pair.added();
    let share = added / bare;
    report(
        pair.name,
        format_args!(
            "adds {share:.2} x a bare route, {:.3} us to {:.3} us",
            added / 1000.0,
            bare / 1000.0
        ),
        share <= most / BARE_MICROS,
        format_args!("{:.2}, {most} us to {BARE_MICROS} us", most / BARE_MICROS),
    );
}

/// Fief may be asked for an unknown key once in a while: the others do not ask.
fn report_unknown(runtime: &Runtime, small: &Fixture) {
    let unknown = small.server.access_token().header("kid", "unknown").mint();
    runtime.block_on(small.ask(&unknown));
    small.server.reset_requests();
    report_added(&mut small.refused("unknown key id", unknown), 2.0);
    let requests = small.requests_to_fief();
    report(
        "requests to Fief for an unknown key id that was just asked for",
        format_args!("{requests}"),
        requests == 0,
        format_args!("none"),
    );
}

fn report_verified(pair: &mut Pair, raw: &mut Subject, most: f64) {
    let ratio = pair.added_to(raw);
    report(
        pair.name,
        format_args!("adds {ratio:.2} x raw verification"),
        ratio <= most,
        format_args!("{most:.2}"),
    );
}

/// What a bare route takes on the machine that the targets are for.
const BARE_MICROS: f64 = 0.65;
