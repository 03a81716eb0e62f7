use std::{env, io::ErrorKind, str::FromStr, time::Duration};

use anyhow::{Context, bail};
use fief_client::{
    Fief,
    cli::{FiefAuth, FiefAuthError},
};
use fief_test_server::{Client, FiefTestServer, User};

/// What the environment says, and the Fief that it names.
pub struct Settings {
    pub redirect_uri: String,
    pub time_limit: Duration,
    fief: Fief,
    credentials: Option<String>,
    /// Runs until it is dropped.
    embedded: Option<FiefTestServer>,
}

impl Settings {
    pub async fn from_env() -> anyhow::Result<Self> {
        let redirect_uri = variable("REDIRECT_URI")?.unwrap_or_else(|| REDIRECT_URI.to_owned());
        let time_limit = Duration::from_secs(number("TIME_LIMIT", 600)?);
        let (fief, embedded) = match variable("FIEF_BASE_URL")? {
            Some(url) => {
                let id = variable("FIEF_CLIENT_ID")?
                    .context("FIEF_BASE_URL is set, so FIEF_CLIENT_ID has to be set as well")?;
                (
                    Fief::builder(url, id).build().context("FIEF_BASE_URL")?,
                    None,
                )
            }
            None => {
                let server = embed().await?;
                let fief = Fief::builder(server.url(), server.client_id()).build()?;
                (fief, Some(server))
            }
        };
        Ok(Self {
            redirect_uri,
            time_limit,
            fief,
            credentials: variable("CREDENTIALS")?,
            embedded,
        })
    }

    pub fn auth(&self) -> Result<FiefAuth, FiefAuthError> {
        let fief = self.fief.clone();
        match &self.credentials {
            Some(path) => Ok(FiefAuth::with_credentials_path(fief, path)),
            None => FiefAuth::new(fief, "example-cli"),
        }
    }

    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    pub fn print(&self) {
        if let Some(server) = &self.embedded {
            println!("Fief: {} (embedded)", server.url());
            println!("Sign in as: {} / {}", ANNE.0, ANNE.1);
        }
    }
}

/// A Fief inside of this process, with one user.
async fn embed() -> anyhow::Result<FiefTestServer> {
    let port = number("FIEF_PORT", 8000)?;
    let server = FiefTestServer::builder()
        .port(port)
        .client(Client::public("castles-cli"))
        .user(User::new(ANNE.0, ANNE.1).field("first_name", "Anne"))
        .start()
        .await;
    match server {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {port} is in use; set FIEF_PORT to another one, or to 0 for any")
        }
        server => server.context("FIEF_PORT"),
    }
}

fn number<N: FromStr>(name: &str, default: N) -> anyhow::Result<N> {
    match variable(name)? {
        Some(text) => match text.parse() {
            Ok(number) => Ok(number),
            Err(_) => bail!("{name}: not a number that can be used: {text:?}"),
        },
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

const REDIRECT_URI: &str = "http://127.0.0.1:51562/callback";
const ANNE: (&str, &str) = ("anne@example.com", "herminetincture");
