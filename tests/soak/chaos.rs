//! What happens to Fief: it fails in all ways, and its keys are replaced.

use std::time::{Duration, Instant};

use fief_test_server::{Endpoint, Fault};

use super::{
    checker::Cause,
    seeded::Seeded,
    world::{RECOVERY, World},
};

const ENDPOINTS: [Endpoint; 4] = [
    Endpoint::Discovery,
    Endpoint::Jwks,
    Endpoint::Token,
    Endpoint::Userinfo,
];

/// Fails and recovers until the run ends.
pub async fn run(world: &World, mut random: Seeded) {
    for round in 0.. {
        pause(world, random.millis(2000, 5000)).await;
        change_keys(world, round);
        pause(world, random.millis(2000, 4000)).await;
        if world.is_over() {
            return;
        }
        fail(world, round, random.millis(2000, 6000)).await;
        pause(world, RECOVERY).await;
        if world.is_over() {
            return;
        }
    }
}

/// Pauses, but not longer than the run lasts.
async fn pause(world: &World, pause: Duration) {
    let left = world.until.saturating_duration_since(Instant::now());
    tokio::time::sleep(pause.min(left)).await;
}

/// Adds a key, and removes the older ones in the next round; or replaces all.
fn change_keys(world: &World, round: usize) {
    let mut keys = world.keys.lock().unwrap();
    let fief = &world.fief;
    // Sessions get tokens of the new key, which a process may not know yet.
    let cause = match round % 3 {
        0 => Cause::NewKey,
        _ => Cause::OldKeysRemoved,
    };
    world.disturbances.begin(cause);
    match round % 3 {
        0 => {
            fief.add_key();
            keys.published.insert(fief.kid(), Instant::now());
            world.report.note("keys that were added");
        }
        1 => {
            let current = fief.kid();
            let known = keys.published.keys().cloned();
            for kid in known.filter(|kid| *kid != current).collect::<Vec<_>>() {
                fief.remove_key(&kid);
                keys.removed.entry(kid).or_insert_with(Instant::now);
            }
            world.report.note("keys that were removed");
        }
        _ => {
            fief.rotate_key();
            let now = Instant::now();
            for kid in keys.published.keys().cloned().collect::<Vec<_>>() {
                keys.removed.entry(kid).or_insert(now);
            }
            keys.published.insert(fief.kid(), Instant::now());
            world.report.note("times that all keys were replaced");
        }
    }
    world.disturbances.end();
}

async fn fail(world: &World, round: usize, duration: Duration) {
    let (name, fault): (_, fn() -> Fault) = match round % 6 {
        // Not until the faults are cleared: Fief would handle a refresh whose client gives up at that moment, and a
        // session whose refresh is lost ends with its token (D12).
        0 => ("times that Fief hung", || Fault::delay(HOUR)),
        1 => ("times that Fief reset connections", Fault::reset),
        2 => ("times that Fief sent garbage", Fault::garbage),
        3 => ("times that Fief sent 500", || Fault::status(500)),
        4 => ("times that Fief sent 503", || {
            Fault::status(503).header("retry-after", "2")
        }),
        _ => ("times that Fief sent what is no JSON", || {
            Fault::status(200).body("<html>")
        }),
    };
    world.disturbances.begin(Cause::Failure);
    for endpoint in ENDPOINTS {
        world.fief.fault(endpoint, fault());
    }
    world.report.note(name);
    pause(world, duration).await;
    world.fief.clear_faults();
    world.report.note("times that Fief was well again");
    world.disturbances.end();
}

const HOUR: Duration = Duration::from_secs(3600);
