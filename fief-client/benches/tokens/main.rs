//! Cost of validating access tokens. The lines after criterion's compare it with its limits, within the same run.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

mod fetches;
mod fixture;
mod measure;
mod memory;

use std::time::Duration;

use criterion::Criterion;
use fixture::Fixture;
use measure::{Subject, micros, ratio, report};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();

    let small = runtime.block_on(Fixture::new(2048, 1000));
    let large = runtime.block_on(Fixture::new(4096, 200));
    let mut subjects = subjects(&small, &large);
    for subject in &mut subjects {
        subject.bench(&mut criterion);
    }
    criterion.final_summary();

    println!();
    compare(&mut subjects);
    runtime.block_on(fetches::report());
    runtime.block_on(fetches::report_while_hanging());
    memory::report(&runtime);
}

/// Returns the subjects, whose names [`compare`] uses.
fn subjects<'a>(small: &'a Fixture, large: &'a Fixture) -> Vec<Subject<'a>> {
    let garbage = "x".repeat(749);
    let oversized = "x".repeat(1024 * 1024);
    let unknown = small.server.access_token().header("kid", "unknown").mint();
    let _ = fixture::block_on(small.validate(&unknown));
    vec![
        small.cached("cached token, one", 1),
        small.cached("cached token, 1000 in turn", 1000),
        small.raw("raw verification, RSA-2048"),
        small.fresh("new token, RSA-2048"),
        large.raw("raw verification, RSA-4096"),
        large.fresh("new token, RSA-4096"),
        small.wrong("wrong signature, RSA-2048"),
        large.wrong("wrong signature, RSA-4096"),
        small.rejected("garbage", garbage),
        small.rejected("unknown key id", unknown),
        small.rejected("1 MB token", oversized),
    ]
}

fn compare(subjects: &mut [Subject<'_>]) {
    for (name, to, most) in [
        ("new token, RSA-2048", "raw verification, RSA-2048", 1.10),
        ("new token, RSA-4096", "raw verification, RSA-4096", 1.10),
        ("wrong signature, RSA-2048", "new token, RSA-2048", 1.10),
        ("wrong signature, RSA-4096", "new token, RSA-4096", 1.10),
    ] {
        let ratio = ratio(subjects, name, to);
        report(
            name,
            format_args!("{ratio:.2} x {to}"),
            ratio <= most,
            format_args!("{most:.2}"),
        );
    }
    for (name, most) in [
        ("cached token, one", 0.25),
        ("cached token, 1000 in turn", 0.5),
        ("garbage", 2.0),
        ("unknown key id", 2.0),
        ("1 MB token", 50.0),
    ] {
        let micros = micros(subjects, name);
        report(
            name,
            format_args!("{micros:.3} us"),
            micros <= most,
            format_args!("{most} us"),
        );
    }
}
