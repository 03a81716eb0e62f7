//! What protecting a route costs in instructions, locked instructions and heap allocations of one request, above the
//! same router with layers that do nothing in the same places. Unlike times, they hardly differ from run to run. The
//! instructions are counted by callgrind, so [valgrind](https://valgrind.org) has to be installed.
//!
//! ```sh
//! cargo bench -p fief-axum --bench counts --features tower-sessions            # prints the table
//! cargo bench -p fief-axum --bench counts --features tower-sessions -- --save  # writes benches/counts.txt as well
//! cargo bench -p fief-axum --bench counts --features tower-sessions -- --check # compares with it, and fails
//! ```
//!
//! `--check` fails if a row takes over 5 % more than in `benches/counts.txt`. If compiler, C library, valgrind or
//! processor are others, it compares the ratios to the bare router, and allows 10 %. If a change is worth what it costs,
//! `--save` renews the figures.
//!
//! For each row this program runs itself twice under callgrind, with the router and with the bare one. The server that
//! issues the tokens is in neither. "guard" alone has no layer around it, all others have. The feature adds the row of
//! a session in a store.
//!
//! Each run has one thread. With more of them, glibc also locks its heap for allocations of more than 1032 bytes.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

mod bare;
mod batch;
mod callgrind;
mod compare;
mod inputs;
mod login;
#[cfg(feature = "tower-sessions")]
mod memory;
mod requests;
mod routers;
mod scenarios;
mod table;

use std::{
    env, fs,
    path::Path,
    process::{self, Command},
};

use callgrind::Counts;
use inputs::Inputs;
use scenarios::{SCENARIOS, Scenario};
use tokio::runtime::{Builder, Runtime};

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    if let [SEND, name, router] = arguments[..] {
        let inputs = Inputs::read(Path::new(INPUTS));
        return batch::send(&runtime, &inputs, Scenario::find(name), router == BARE);
    }
    let server = runtime.block_on(inputs::server());
    let inputs = runtime.block_on(Inputs::new(&server));
    // `cargo bench` passes it, `cargo test` does not.
    if arguments.contains(&"--bench") {
        let table = count(&inputs);
        if arguments.contains(&"--save") {
            fs::write(COMMITTED, &table).unwrap();
        }
        if arguments.contains(&"--check") {
            let committed = fs::read_to_string(COMMITTED).unwrap();
            if let Err(worse) = compare::compare(&committed, &table) {
                eprintln!("{worse}");
                process::exit(1);
            }
        }
    } else {
        check(&runtime, &inputs);
    }
}

/// Counts every scenario, and prints and returns the table.
fn count(inputs: &Inputs) -> String {
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("valgrind, which counts the instructions, is not installed");
        process::exit(1);
    }
    let directory = format!("{}/counts-{}", env!("CARGO_TARGET_TMPDIR"), process::id());
    let directory = Path::new(&directory);
    fs::create_dir_all(directory).unwrap();
    inputs.write(&directory.join(INPUTS));
    let run = |name, router| Counts::of(&[SEND, name, router], directory);

    let mut table = table::head(run(SCENARIOS[0].name, BARE));
    print!("{table}");
    for Scenario { name, .. } in SCENARIOS {
        let row = table::row(name, run(name, PROTECTED).above(run(name, BARE)));
        print!("{row}");
        table += &row;
    }
    fs::remove_dir_all(directory).unwrap();
    table
}

/// Sends the requests of every scenario without counting, to see that the responses are what they should be.
fn check(runtime: &Runtime, inputs: &Inputs) {
    for scenario in SCENARIOS {
        batch::send(runtime, inputs, scenario, false);
        batch::send(runtime, inputs, scenario, true);
    }
}

// The arguments of a run under callgrind, with the scenario's name, and a file in its directory.
const SEND: &str = "send";
const BARE: &str = "bare";
const PROTECTED: &str = "protected";
const INPUTS: &str = "inputs.json";
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/counts.txt");
