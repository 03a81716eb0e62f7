//! Model check of sessions: every order of what browsers, processes, the store
//! and Fief do, within bounds.
//!
//! What holds is listed where it is checked: `broken` of each world. A risk that
//! the documentation names makes a session one that may be lost, and never one
//! that comes back.
//!
//! `cargo test -p fief-axum --all-features --lib model -- --nocapture` prints
//! the table.

mod configurations;
mod cookies;
mod explore;
mod records;
mod replay;
mod state;
mod values;

use std::time::Instant;

use self::{
    configurations::{TWO, TWO_WITH_MARKS, browser, browsers, store, stores},
    cookies::Cookies,
    explore::{Explored, World, explore},
    records::Records,
    replay::Replay,
    state::Budget,
};

fn check(kind: &str, name: &str, world: impl World) -> Explored {
    let began = Instant::now();
    let explored = explore(world);
    let (states, took) = (explored.states, began.elapsed());
    let result = explored
        .broken
        .as_ref()
        .map_or("all hold", |(what, _)| what);
    println!("| {kind} | {name} | {states} | {took:.1?} | {result} |");
    explored
}

fn assert_holds(explored: Explored) {
    if let Some((promise, way)) = explored.broken {
        panic!("broken: {promise}\n{way}");
    }
}

#[test]
fn with_a_store_the_promises_hold() {
    let replay = Replay::new();
    for (name, axes) in stores() {
        assert_holds(check("store", name, Records::new(&replay, axes)));
    }
}

#[test]
fn in_cookies_the_promises_hold() {
    for (name, axes) in browsers() {
        assert_holds(check("cookies", name, Cookies::new(axes)));
    }
}

/// FD-1, FD-3, FD-8, FD-9, FD-20
#[test]
fn the_faults_of_the_past_are_found() {
    use self::{cookies::Fault as InCookies, state::Fault as InRecords};

    let finds = |kind, name, explored: Explored| {
        assert!(explored.broken.is_some(), "{name} in {kind}");
    };
    for (name, fault) in [
        ("FD-1", InCookies::OrdersByClock),
        ("FD-8", InCookies::Renews),
        ("FD-9", InCookies::WritesOutdated),
        ("FD-20", InCookies::ForgetsUnverified),
    ] {
        let axes = browser(TWO, |axes| {
            axes.plant = Some(fault);
            axes.budget.revocations = u8::from(fault == InCookies::OrdersByClock);
            axes.budget.logins += axes.budget.revocations;
            axes.budget.forgets = 1;
            axes.budget.unverified = 1;
        });
        finds("cookies", name, check("cookies", name, Cookies::new(axes)));
    }
    let replay = Replay::new();
    for (name, fault) in [
        ("FD-3", InRecords::MissingIsValid),
        ("FD-20", InRecords::ForgetsUnverified),
        ("a save that replaces", InRecords::SavesAgainAtOnce),
        ("a mark after the revocation", InRecords::MarksAfterwards),
    ] {
        let axes = store(TWO, |axes| {
            axes.plant = Some(fault);
            if fault == InRecords::SavesAgainAtOnce {
                axes.budget.logouts = 0;
                axes.budget.revocations = 0;
                axes.budget.refreshes = 2;
                axes.budget.cuts = 1;
                return;
            }
            axes.budget.evictions = 1;
            axes.budget.unverified = 1;
            if fault == InRecords::MarksAfterwards {
                axes.processes = TWO_WITH_MARKS;
                axes.budget = Budget {
                    logins: 1,
                    marks: 1,
                    ..Budget::default()
                };
            }
        });
        finds(
            "a store",
            name,
            check("store", name, Records::new(&replay, axes)),
        );
    }
}
