//! Serves the club of this package.
//!
//! ```sh
//! cargo run -p example-members
//! ```
//!
//! Without `FIEF_BASE_URL` it brings a Fief of its own; with `FIEF_BASE_URL`, `FIEF_CLIENT_ID` and `FIEF_CLIENT_SECRET`
//! it uses that one, where `{App}/auth-callback` has to be registered. `PORT` (3000) and `FIEF_PORT` (8000) choose the
//! ports, 0 any free one.
//!
//! `MEMBERS_DOMAIN` (`example.com`) is the domain of the members' addresses, `MEMBERS_FILE` an SQLite file for the
//! table, which is in memory otherwise. `SESSION_KEY` (hex, 32 bytes) keeps sessions over a restart.

mod settings;

use std::process::ExitCode;

use crate::settings::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(settings::log_filter())
        .init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let settings = Settings::from_env().await?;
    let (fief, key) = (settings.fief.clone(), settings.session_key.clone());
    let app = example_members::app(fief, &settings.app_url, key, settings.members.clone())?;
    settings.print();
    axum::serve(settings.listener, app).await?;
    Ok(())
}
