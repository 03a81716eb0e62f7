use std::{env, io::ErrorKind};

use anyhow::{Context, bail};
use example_members::Members;
use fief_axum::{SessionKey, fief_client::Fief};
use fief_test_server::{Client, FiefTestServer, User};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// What the environment says, and the Fief that it asks for.
pub struct Settings {
    pub app_url: String,
    pub listener: TcpListener,
    pub fief: Fief,
    pub session_key: SessionKey,
    pub members: Members,
    fief_url: String,
    /// Runs until it is dropped.
    embedded: Option<FiefTestServer>,
}

impl Settings {
    pub async fn from_env() -> anyhow::Result<Self> {
        let session_key = match variable("SESSION_KEY")? {
            Some(key) => SessionKey::parse(&key).context("SESSION_KEY")?,
            None => SessionKey::generate()?,
        };
        let file = variable("MEMBERS_FILE")?;
        let domain = variable("MEMBERS_DOMAIN")?.unwrap_or_else(|| "example.com".into());
        let members = Members::open(file.as_deref(), &domain);
        let members = members.await.context("MEMBERS_FILE")?;
        let port = port("PORT", 3000)?;
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .map_err(|error| taken("PORT", port, error))?;
        let app_url = format!("http://{}", listener.local_addr()?);
        let (fief, fief_url, embedded) = match variable("FIEF_BASE_URL")? {
            Some(url) => (named(&url)?, url, None),
            None => {
                let server = embed(&app_url).await?;
                let fief = Fief::builder(server.url(), server.client_id())
                    .client_secret(server.client_secret())
                    .build()?;
                (fief, format!("{} (embedded)", server.url()), Some(server))
            }
        };
        Ok(Self {
            app_url,
            listener,
            fief,
            session_key,
            members,
            fief_url,
            embedded,
        })
    }

    /// Says where everything is, a line each.
    pub fn print(&self) {
        println!("App: {}", self.app_url);
        println!("Fief: {}", self.fief_url);
        if self.embedded.is_some() {
            println!("Sign in as: {} / {}", ANNE.0, ANNE.1);
            println!("Sign in as: {} / {} (no member)", LOUIS.0, LOUIS.1);
        }
    }
}

/// The Fief that the environment names.
fn named(url: &str) -> anyhow::Result<Fief> {
    let id = variable("FIEF_CLIENT_ID")?
        .context("FIEF_BASE_URL is set, so FIEF_CLIENT_ID has to be set as well")?;
    let mut builder = Fief::builder(url, id);
    if let Some(secret) = variable("FIEF_CLIENT_SECRET")? {
        builder = builder.client_secret(secret);
    }
    builder.build().context("FIEF_BASE_URL")
}

/// A Fief inside of this process, with a user who may be a member and one who may not.
async fn embed(app_url: &str) -> anyhow::Result<FiefTestServer> {
    let port = port("FIEF_PORT", 8000)?;
    let client = Client::new("members")
        .secret("members-secret")
        .redirect_uri(format!("{app_url}/auth-callback"));
    let server = FiefTestServer::builder()
        .port(port)
        .client(client)
        .user(User::new(ANNE.0, ANNE.1))
        .user(User::new(LOUIS.0, LOUIS.1))
        .start()
        .await;
    server.map_err(|error| taken("FIEF_PORT", port, error))
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
const LOUIS: (&str, &str) = ("louis@example.org", "porcupine-and-crown");
