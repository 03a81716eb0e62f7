//! What a run prints.

use std::time::Duration;

use fief_test_server::Endpoint;

use super::{checker::Seen, probe::Measured, world::World};

/// Prints what happened in a run of this duration.
pub fn print(world: &World, measured: &Measured, duration: Duration, seed: u64) {
    let seen = world.report.seen();
    let all: u64 = seen.requests.values().sum();
    println!("soak: {} s, seed {seed}", duration.as_secs());
    println!("  {all:>8} requests, of which");
    for (kind, count) in &seen.requests {
        println!("  {count:>8} {kind}");
    }
    for (kind, count) in &seen.events {
        println!("  {count:>8} {kind}");
    }
    println!("  {:>8} wrong", seen.wrong());
    println!("  {:>8} sessions lost", seen.lost());
    print_findings(&seen);
    println!("  {:>8} ms the longest request", seen.longest.as_millis());
    for (kind, median, last) in measured.percentiles() {
        println!(
            "  {:>5.2} ms p50 {:>6.2} ms p99 {kind}",
            milliseconds(median),
            milliseconds(last)
        );
    }
    for load in loads(world, duration) {
        println!(
            "  {:>8} requests to Fief for {}, at most {}",
            load.requests, load.what, load.most
        );
    }
    for usage in measured.usages() {
        println!(
            "  {:>5} KiB before, {} KiB at most, {} KiB after; {}, {} and {} descriptors",
            usage.before.memory,
            usage.most.memory,
            usage.after.memory,
            usage.before.descriptors,
            usage.most.descriptors,
            usage.after.descriptors
        );
    }
}

pub fn print_findings(seen: &Seen) {
    for (finding, count) in &seen.findings {
        println!("  {count:>8} {finding:?}");
    }
    if seen.findings.is_empty() {
        return;
    }
    for line in seen.history.iter().chain(&seen.details) {
        println!("           {line}");
    }
}

/// How many requests Fief got, beside what the table in `fief_axum::load` allows.
pub struct Load {
    pub what: &'static str,
    pub requests: usize,
    pub most: usize,
}

pub fn loads(world: &World, duration: Duration) -> [Load; 4] {
    let seen = world.report.seen();
    let processes: usize = world.deployments().map(|it| it.replicas.len()).sum();
    let minutes = usize::try_from(duration.as_secs().div_ceil(60)).unwrap();
    let halves = 2 * minutes;
    let logins = usize::try_from(seen.event("logins that were begun")).unwrap();
    // A session is refreshed, or tried again, once in five seconds, by each process.
    let periods = usize::try_from(duration.as_secs().div_ceil(5)).unwrap();
    let changes = usize::try_from(seen.event("permissions that changed")).unwrap();
    let load = |what, endpoint, most| Load {
        what,
        requests: world.fief.requests(endpoint),
        most,
    };
    [
        // Cold: one; and while it does not respond, up to eight a minute.
        load(
            "discovery",
            Endpoint::Discovery,
            processes * (4 + 8 * minutes),
        ),
        // Unknown keys: two a minute of anonymous callers, eight while it does not respond; one in five seconds of
        // logins and refreshes.
        load(
            "keys",
            Endpoint::Jwks,
            processes * (4 + 4 * halves + periods),
        ),
        load(
            "tokens",
            Endpoint::Token,
            logins + SESSIONS * periods + 6 * changes,
        ),
        // One in ten seconds of each user, and while it does not respond two in five.
        load(
            "user info",
            Endpoint::Userinfo,
            processes * super::USERS * periods * 2,
        ),
    ]
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// How many sessions there are at a time, at most, and again for those that two processes refresh.
const SESSIONS: usize = 15 + 2 * 13;
