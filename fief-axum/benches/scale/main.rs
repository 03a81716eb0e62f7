//! How much memory an application takes that is sent more tokens, and more sessions, than its caches hold.
//!
//! ```sh
//! cargo bench -p fief-axum --bench scale                      # 20,000 of both, in a minute
//! cargo bench -p fief-axum --bench scale -- 1000000 1000000   # tokens and sessions, in 20 minutes
//! ```
//!
//! The application is a process of its own, and gets the requests over HTTP. Each token and session is another one, and
//! sent twice, so that the second time it is found in the cache. At last the first ones are sent again.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

mod application;
mod client;
#[path = "../counts/login.rs"]
mod login;

use std::{env, time::Instant};

use application::Application;
use client::Kind;
use fief_test_server::FiefTestServer;

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = env::args().skip(1).filter(|it| it != "--bench").collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    if let [SERVE, client @ ..] = &arguments[..] {
        return application::serve(client.try_into().unwrap()).await;
    }
    let number = |at: usize| arguments.get(at).map_or(20_000, |it| it.parse().unwrap());
    let server = FiefTestServer::start().await;
    server.set_permissions("anne@example.com", ["castles:create"]);
    for (kind, number) in [(Kind::Tokens, number(0)), (Kind::Sessions, number(1))] {
        let application = Application::start(&server, SERVE);
        let before = application.memory().await;
        let began = Instant::now();
        let most = client::send(&server, &application, kind, number).await;
        let (most, limit) = (most.saturating_sub(before) / 1024, kind.limit());
        println!(
            "{number} {kind:?} in {:.0} s: at most {most} MiB more than the {} MiB of the start ({} {limit})",
            began.elapsed().as_secs_f64(),
            before / 1024,
            if most <= limit {
                "limit"
            } else {
                "MISSED, limit"
            },
        );
    }
}

/// The argument of the process with the application.
const SERVE: &str = "serve";
