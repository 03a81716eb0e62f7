//! Serves the application of this package; `FIEF_BASE_URL`, `FIEF_CLIENT_ID`, `FIEF_CLIENT_SECRET` and `SESSION_KEY`
//! (`openssl rand -hex 32`) say with what.
//!
//! ```sh
//! cargo run -p example-tested
//! ```

use std::env;

use anyhow::Context;
use fief_axum::SessionKey;
use fief_client::Fief;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let fief = Fief::builder(variable("FIEF_BASE_URL")?, variable("FIEF_CLIENT_ID")?)
        .client_secret(variable("FIEF_CLIENT_SECRET")?)
        .build()?;
    let session_key = SessionKey::parse(&variable("SESSION_KEY")?)?;
    let app = example_tested::app(fief, "http://127.0.0.1:3000", session_key)?;
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?;
    Ok(())
}

fn variable(name: &'static str) -> anyhow::Result<String> {
    env::var(name).context(name)
}
