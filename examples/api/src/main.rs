//! An API that is called with bearer tokens of Fief.
//!
//! ```sh
//! cargo run -p example-api
//! ```
//!
//! Without `FIEF_BASE_URL` it brings a Fief of its own; with `FIEF_BASE_URL`, `FIEF_CLIENT_ID` and `FIEF_CLIENT_SECRET`
//! it uses that one. `PORT` (3000) and `FIEF_PORT` (8000) choose the ports, 0 any free one.

mod settings;

use std::process::ExitCode;

use axum::{Json, Router, routing::get};
use fief_axum::{Authenticated, FiefAuth};
use fief_client::FiefAccessTokenInfo;
use serde::Serialize;

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
    settings.print();
    axum::serve(settings.listener, app(&FiefAuth::new(settings.fief))).await?;
    Ok(())
}

fn app(auth: &FiefAuth) -> Router {
    Router::new()
        .route(
            "/castles",
            get(castles).route_layer(auth.require().permission("castles:read")),
        )
        .route("/me", get(me))
        .layer(auth.layer())
}

async fn me(Authenticated(token): Authenticated) -> Json<FiefAccessTokenInfo> {
    Json(token)
}

#[derive(Serialize)]
struct Castle {
    name: &'static str,
}

async fn castles() -> Json<[Castle; 2]> {
    Json([
        Castle {
            name: "Château de Suscinio",
        },
        Castle {
            name: "Château de Josselin",
        },
    ])
}
