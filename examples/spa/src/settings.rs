use std::{env, io::ErrorKind};

use anyhow::{Context, bail};
use fief_axum::fief_client::Fief;
use fief_test_server::{Client, FiefTestServer, User};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::page::Config;

/// What the environment says, and the Fief that it asks for.
pub struct Settings {
    pub page_url: String,
    pub page_listener: TcpListener,
    pub api_listener: TcpListener,
    pub config: Config,
    pub fief: Fief,
    /// Runs until it is dropped.
    embedded: Option<FiefTestServer>,
}

impl Settings {
    pub async fn from_env() -> anyhow::Result<Self> {
        let (page_listener, page_url) = listen("PORT", 3000).await?;
        let (api_listener, api) = listen("API_PORT", 3001).await?;
        let client_id = variable("FIEF_SPA_CLIENT_ID")?.unwrap_or("castles-spa".into());
        let (api_client_id, fief_url, embedded) = match variable("FIEF_BASE_URL")? {
            Some(url) => {
                let id = variable("FIEF_CLIENT_ID")?
                    .context("FIEF_BASE_URL is set, so FIEF_CLIENT_ID has to be set as well")?;
                (id, url, None)
            }
            None => {
                let server = embed(&page_url, &client_id).await?;
                let id = server.client_id().to_owned();
                (id, server.url().to_owned(), Some(server))
            }
        };
        // A token is for the client that logged in, which is the page's and not the API's. No secret: the API only checks tokens.
        let fief = Fief::builder(&fief_url, api_client_id)
            .audiences([&client_id])
            .build()
            .context("FIEF_BASE_URL")?;
        Ok(Self {
            page_url,
            page_listener,
            api_listener,
            config: Config {
                api,
                fief: fief_url.trim_end_matches('/').to_owned(),
                client_id,
            },
            fief,
            embedded,
        })
    }

    /// Says where everything is, a line each.
    pub fn print(&self) {
        println!("App: {}", self.page_url);
        println!("API: {}", self.config.api);
        if self.embedded.is_some() {
            println!("Fief: {} (embedded)", self.config.fief);
            println!("Sign in as: {} / {}", ANNE.0, ANNE.1);
            println!("Sign in as: {} / {}", LOUIS.0, LOUIS.1);
        } else {
            println!("Fief: {}", self.config.fief);
        }
    }
}

/// A Fief inside of this process, with two users. One of them may build castles.
async fn embed(page_url: &str, client_id: &str) -> anyhow::Result<FiefTestServer> {
    let port = port("FIEF_PORT", 8000)?;
    let page = Client::public(client_id)
        .name("Castles")
        .redirect_uri(format!("{page_url}/"));
    let server = FiefTestServer::builder()
        .port(port)
        .client(Client::new("castles").secret("castles-secret"))
        .client(page)
        .user(User::new(ANNE.0, ANNE.1).permission("castles:create"))
        .user(User::new(LOUIS.0, LOUIS.1))
        .start()
        .await;
    server.map_err(|error| taken("FIEF_PORT", port, error))
}

/// Listens at the port of a variable. Returns the URL as well.
async fn listen(name: &str, default: u16) -> anyhow::Result<(TcpListener, String)> {
    let port = port(name, default)?;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| taken(name, port, error))?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

pub fn log_filter() -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"))
}

fn port(name: &str, default: u16) -> anyhow::Result<u16> {
    match variable(name)? {
        Some(port) => port
            .parse()
            .with_context(|| format!("{name}: not a port number: {port:?}")),
        None => Ok(default),
    }
}

fn variable(name: &str) -> anyhow::Result<Option<String>> {
    match env::var(name) {
        Ok(value) if !value.is_empty() => Ok(Some(value)),
        Ok(_) | Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => bail!("{name}: not readable text"),
    }
}

fn taken(name: &str, port: u16, error: std::io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow::anyhow!("port {port} is in use; set {name} to another one, or to 0 for any")
        }
        _ => anyhow::Error::new(error).context(format!("{name}: port {port} cannot be used")),
    }
}

const ANNE: (&str, &str) = ("anne@example.com", "herminetincture");
const LOUIS: (&str, &str) = ("louis@example.com", "porcupine-and-crown");
