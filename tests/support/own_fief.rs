use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    free_port,
    real::{RealFief, variable},
};

const TIMEOUT: Duration = Duration::from_secs(60);

/// A real Fief for a single test, which runs until it is dropped.
pub struct OwnFief {
    pub fief: RealFief,
    port: u16,
    databases: u32,
    server: Option<Child>,
}

impl OwnFief {
    pub async fn start() -> Self {
        let port = free_port();
        let mut own = Self {
            fief: RealFief::on(port),
            port,
            databases: 0,
            server: None,
        };
        own.replace_database().await;
        own
    }

    /// Restarts Fief at the same port with an empty database: the keys and users change, the client does not.
    pub async fn replace_database(&mut self) {
        self.kill();
        self.databases += 1;
        self.restart().await;
    }

    /// Kills the server with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            // Fails if it has already ended.
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Starts it again, at the same port and with the same database.
    pub async fn restart(&mut self) {
        let log = File::create(self.file("log")).unwrap();
        let server = Command::new(variable("PYTHON"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/real/launcher.py"))
            .args(["run-server", "--host", "127.0.0.1"])
            .envs(settings())
            .env("PORT", self.port.to_string())
            .env("FIEF_DOMAIN", format!("127.0.0.1:{}", self.port))
            .env("DATABASE_NAME", self.file("db").file_name().unwrap())
            // Another database, so that the worker of the shared Fief does not take its tasks.
            .env("REDIS_URL", format!("{}/1", variable("REDIS_URL")))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.server = Some(server.unwrap());
        self.wait_until_ready().await;
    }

    /// Returns the id of the client that Fief creates at its start.
    pub fn client_id(&self) -> String {
        setting("FIEF_CLIENT_ID")
    }

    /// Returns an access token of that client for the only user.
    pub async fn access_token(&self) -> String {
        let client = self.only("/clients/").await;
        let user = self.only("/users/").await;
        let path = format!("/users/{}/access-token", user["id"].as_str().unwrap());
        let body = json!({"client_id": client["id"], "scopes": ["openid"]});
        let response = self.fief.admin(Method::POST, &path, body).await;
        response["access_token"].as_str().unwrap().to_owned()
    }

    async fn only(&self, collection: &str) -> Value {
        let found = self.fief.admin(Method::GET, collection, Value::Null).await;
        assert_eq!(found["count"], 1, "{collection}");
        found["results"][0].clone()
    }

    async fn wait_until_ready(&mut self) {
        let url = format!("{}/healthz", self.fief.base_url);
        let deadline = Instant::now() + TIMEOUT;
        while !reqwest::get(&url).await.is_ok_and(|it| it.status() == 200) {
            let ended = self.server.as_mut().unwrap().try_wait().unwrap();
            if ended.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(self.file("log")).unwrap_or_default();
                panic!("Fief did not start: {log}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn file(&self, extension: &str) -> PathBuf {
        let name = format!("own-{}-{}.{extension}", self.port, self.databases);
        PathBuf::from(setting("DATABASE_LOCATION")).join(name)
    }
}

impl Drop for OwnFief {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns the settings of the shared Fief.
fn settings() -> Vec<(String, String)> {
    let settings = variable("SETTINGS");
    let pairs = settings.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn setting(name: &str) -> String {
    let found = settings().into_iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("no setting {name}")).1
}
