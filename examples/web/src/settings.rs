use std::{
    env,
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr},
};

use anyhow::{Context, bail};
use fief_axum::SessionKey;
use fief_client::Fief;
use fief_test_server::{Client, FiefTestServer, User};
use tokio::net::TcpListener;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool, ReconnectPolicy};
use tracing_subscriber::EnvFilter;
use url::Url;

/// What the environment says, and the Fief that it asks for.
pub struct Settings {
    pub app_url: Url,
    pub listener: TcpListener,
    pub fief: Fief,
    pub session_key: SessionKey,
    /// Where the sessions are, if not in cookies.
    pub redis: Option<Pool>,
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
        let port = port("PORT", 3000)?;
        let address: IpAddr = match variable("LISTEN")? {
            Some(address) => address.parse().context("LISTEN")?,
            None => Ipv4Addr::LOCALHOST.into(),
        };
        let listener = TcpListener::bind((address, port))
            .await
            .map_err(|error| taken("PORT", port, error))?;
        let app_url = match variable("APP_URL")? {
            Some(url) => url.parse().context("APP_URL")?,
            None => format!("http://{}", listener.local_addr()?).parse()?,
        };
        let redis = match variable("REDIS_URL")? {
            Some(url) => Some(connect(&url).await.context("REDIS_URL")?),
            None => None,
        };
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
            redis,
            fief_url,
            embedded,
        })
    }

    /// Says where everything is, a line each.
    pub fn print(&self) {
        println!("App: {}", self.app_url.as_str().trim_end_matches('/'));
        println!("Fief: {}", self.fief_url);
        if self.embedded.is_some() {
            println!("Sign in as: {} / {}", ANNE.0, ANNE.1);
            println!("Sign in as: {} / {}", LOUIS.0, LOUIS.1);
        }
    }
}

/// The Fief that the environment names.
fn named(url: &str) -> anyhow::Result<Fief> {
    let id = variable("FIEF_CLIENT_ID")?
        .context("FIEF_BASE_URL is set, so FIEF_CLIENT_ID has to be set as well")?;
    let mut builder = Fief::builder(url, id);
    if let Some(url) = variable("FIEF_PUBLIC_URL")? {
        builder = builder.public_url(url);
    }
    if variable("FIEF_INSECURE_HTTP")?.as_deref() == Some("true") {
        builder = builder.insecure_http();
    }
    if let Some(secret) = variable("FIEF_CLIENT_SECRET")? {
        builder = builder.client_secret(secret);
    }
    builder.build().context("FIEF_BASE_URL")
}

async fn connect(redis: &str) -> anyhow::Result<Pool> {
    // Without a policy, a Redis that was restarted is never reached again. 0 attempts are any number; the delays are
    // milliseconds.
    let policy = ReconnectPolicy::new_exponential(0, 100, 5_000, 2);
    let pool = Pool::new(Config::from_url(redis)?, None, None, Some(policy), 4)?;
    pool.init().await?;
    Ok(pool)
}

/// A Fief inside of this process, with two users.
async fn embed(app_url: &Url) -> anyhow::Result<FiefTestServer> {
    let port = port("FIEF_PORT", 8000)?;
    let anne = User::new(ANNE.0, ANNE.1)
        .permission("castles:read")
        .permission("castles:create")
        .field("first_name", "Anne");
    let louis = User::new(LOUIS.0, LOUIS.1).field("first_name", "Louis");
    let client = Client::new("castles")
        .secret("castles-secret")
        .redirect_uri(format!(
            "{}/auth-callback",
            app_url.as_str().trim_end_matches('/')
        ));
    let server = FiefTestServer::builder()
        .port(port)
        .client(client)
        .user(anne)
        .user(louis)
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
const LOUIS: (&str, &str) = ("louis@example.com", "porcupine-and-crown");
