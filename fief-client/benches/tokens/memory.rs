use std::{env, fs};

use fief_client::Requirements;
use fief_test_server::FiefTestServer;
use tokio::runtime::Runtime;

use crate::{
    fixture::{client, mint, poll_once},
    measure,
};

/// Measures the memory that many distinct tokens leave behind. Signing them is slow, so by default their number
/// is 1.5 times the capacity of the cache, which cannot grow once it is full. `FIEF_BENCH_TOKENS` sets the number.
pub(crate) fn report(runtime: &Runtime) {
    let tokens = env::var("FIEF_BENCH_TOKENS").map_or(40_000, |count| count.parse().unwrap());
    let server = runtime.block_on(FiefTestServer::start());
    let fief = client(&server);
    runtime.block_on(fief.prefetch_keys()).unwrap();
    let requirements = Requirements::new();
    for number in 0..100 {
        poll_once(fief.validate_access_token(&mint(&server, number), &requirements)).unwrap();
    }
    let Some(before) = resident() else {
        println!("memory: cannot be measured on this system");
        return;
    };
    for number in 100..tokens {
        poll_once(fief.validate_access_token(&mint(&server, number), &requirements)).unwrap();
    }
    let grown = resident().unwrap_or_default().saturating_sub(before) / 1024 / 1024;
    measure::report(
        &format!("memory for {tokens} distinct tokens"),
        format_args!("{grown} MiB"),
        grown <= 32 + 8,
        format_args!("32 + 8 MiB"),
    );
}

/// Returns the resident memory of this process in bytes.
fn resident() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
