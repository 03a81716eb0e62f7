//! An MCP server whose tools require permissions of Fief.
//!
//! ```sh
//! cargo run -p example-mcp
//! ```
//!
//! Without `FIEF_BASE_URL` it brings a Fief of its own; with `FIEF_BASE_URL` and `FIEF_CLIENT_ID` it uses that one. `PORT`
//! (3000) and `FIEF_PORT` (8000) choose the ports, 0 any free one.
//!
//! A client that calls `/mcp` without a token is sent to the metadata of the server (RFC 9728), which names Fief.
//!
//! # What Fief cannot do
//!
//! - It has no dynamic client registration, and no client id metadata documents. Register a public client with the redirect
//!   URIs of the MCP client, and enter its id there: here it is `castles-mcp`, or `FIEF_MCP_CLIENT_ID`.
//! - It ignores the parameter `resource` (RFC 8707): the audience of a token is the client that it was issued to, not this
//!   server. So the server accepts the tokens of that client (`audiences`). Use a client for this server only, since its
//!   tokens are accepted by each server that accepts the client.

mod tools;

use std::{env, sync::Arc};

use anyhow::Context;
use axum::Router;
use fief_axum::{FiefAuth, fief_client::Fief};
use fief_test_server::{Client, FiefTestServer, User};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use tokio::net::TcpListener;

use crate::tools::Castles;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port("PORT", 3000)?)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let mcp_client = env::var("FIEF_MCP_CLIENT_ID").unwrap_or("castles-mcp".into());
    println!("App: {url}/mcp");

    // Runs until it is dropped.
    let (fief, _embedded) = match env::var("FIEF_BASE_URL") {
        Ok(fief_url) => {
            let id = env::var("FIEF_CLIENT_ID").context("FIEF_CLIENT_ID")?;
            println!("Fief: {fief_url}");
            (Fief::builder(fief_url, id), None)
        }
        Err(_) => {
            let server = embed(&mcp_client).await?;
            println!("Fief: {} (embedded)", server.url());
            println!("Client: {mcp_client}");
            println!("Sign in as: anne@example.com / herminetincture");
            println!("Token: {}", server.access_token().mint());
            (
                Fief::builder(server.url(), server.client_id()),
                Some(server),
            )
        }
    };
    let fief = fief.audiences([mcp_client]).build()?;
    axum::serve(listener, app(fief, &url)?).await?;
    Ok(())
}

fn app(fief: Fief, url: &str) -> anyhow::Result<Router> {
    let auth = FiefAuth::builder(fief)
        .resource(format!("{url}/mcp"))
        .resource_name("Castles")
        .resource_scope("openid")
        .build()?;
    // No sessions: each request is authenticated, and nothing is shared by the users.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true);
    let mcp = StreamableHttpService::new(
        || Ok(Castles),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    Ok(Router::new()
        .route_service("/mcp", mcp)
        // For all tools. What each one requires is in `tools.rs`.
        .route_layer(auth.require().scope("openid"))
        .merge(auth.resource_metadata()))
}

/// A Fief inside of this process. One of its users may build castles.
async fn embed(mcp_client: &str) -> anyhow::Result<FiefTestServer> {
    let anne = User::new("anne@example.com", "herminetincture");
    let server = FiefTestServer::builder()
        .port(port("FIEF_PORT", 8000)?)
        .client(Client::new("castles").secret("castles-secret"))
        .client(Client::public(mcp_client).name("MCP client"))
        .user(anne.permission("castles:create"))
        .user(User::new("louis@example.com", "porcupine-and-crown"))
        .start()
        .await;
    server.context("FIEF_PORT")
}

fn port(name: &str, default: u16) -> anyhow::Result<u16> {
    match env::var(name) {
        Ok(port) => port
            .parse()
            .with_context(|| format!("{name}: not a port number: {port:?}")),
        Err(_) => Ok(default),
    }
}
