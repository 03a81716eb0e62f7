use std::{
    env, fs,
    process::Command,
    time::{Duration, Instant},
};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

/// The real Fief that `tests/real.sh` started.
#[derive(Clone, Debug)]
pub struct RealFief {
    pub base_url: String,
    pub issuer: String,
    admin_key: String,
    http: Client,
}

/// A client registered with the real Fief.
#[derive(Clone, Debug)]
pub struct RealClient {
    pub id: String,
    pub secret: String,
}

/// The mails that Fief sends from now on. There is no mail server, so the worker logs them.
pub struct Mailbox {
    _turn: MutexGuard<'static, ()>,
    seen: usize,
}

impl Mailbox {
    /// Waits for the next mail, and returns its code.
    pub async fn code(&mut self) -> String {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(code) = mailed_codes().get(self.seen) {
                self.seen += 1;
                return code.clone();
            }
            assert!(Instant::now() < deadline, "no mail was sent");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl RealFief {
    pub fn from_env() -> Self {
        Self {
            base_url: variable("BASE_URL"),
            issuer: variable("ISSUER"),
            admin_key: variable("ADMIN_KEY"),
            http: Client::new(),
        }
    }

    /// Returns a Fief with the same settings at another port.
    pub(crate) fn on(port: u16) -> Self {
        Self {
            base_url: format!("http://127.0.0.1:{port}"),
            issuer: format!("https://127.0.0.1:{port}"),
            ..Self::from_env()
        }
    }

    /// Returns a client of the seed, by its name there.
    pub fn seeded(&self, name: &str) -> RealClient {
        let name = name.to_uppercase();
        RealClient {
            id: variable(&format!("{name}_CLIENT_ID")),
            secret: variable(&format!("{name}_CLIENT_SECRET")),
        }
    }

    /// Returns the private key that Fief showed once for a client of the seed.
    pub fn encryption_key(&self, name: &str) -> Value {
        let key = variable(&format!("{}_KEY", name.to_uppercase()));
        serde_json::from_str(&key).unwrap()
    }

    /// Registers a confidential first-party client for one application.
    pub async fn register(&self, redirect_uri: &str) -> RealClient {
        self.register_as("confidential", true, redirect_uri).await
    }

    /// Registers a client of this type, first-party or not.
    pub async fn register_as(
        &self,
        client_type: &str,
        first_party: bool,
        redirect_uri: &str,
    ) -> RealClient {
        let tenants = self.admin(Method::GET, "/tenants/", Value::Null).await;
        let tenants = tenants["results"].as_array().unwrap();
        let tenant = tenants.iter().find(|tenant| tenant["default"] == true);
        let body = json!({
            "name": redirect_uri,
            "first_party": first_party,
            "client_type": client_type,
            "redirect_uris": [redirect_uri],
            "tenant_id": tenant.unwrap()["id"],
        });
        let client = self.admin(Method::POST, "/clients/", body).await;
        RealClient {
            id: client["client_id"].as_str().unwrap().to_owned(),
            secret: client["client_secret"].as_str().unwrap().to_owned(),
        }
    }

    /// Deletes a user of the default tenant.
    pub async fn delete_user(&self, email: &str) {
        let path = format!("/users/?email={email}");
        let found = self.admin(Method::GET, &path, Value::Null).await;
        let id = found["results"][0]["id"].as_str().unwrap();
        self.admin(Method::DELETE, &format!("/users/{id}"), Value::Null)
            .await;
    }

    /// Adds a webhook for an event. Returns the secret that signs the deliveries.
    pub async fn webhook(&self, url: &str, event: &str) -> String {
        let body = json!({"url": url, "events": [event]});
        let webhook = self.admin(Method::POST, "/webhooks/", body).await;
        webhook["secret"].as_str().unwrap().to_owned()
    }

    /// Adds a webhook for several events. Returns its secret.
    pub async fn webhook_of(&self, url: &str, events: &[&str]) -> String {
        let body = json!({"url": url, "events": events});
        let webhook = self.admin(Method::POST, "/webhooks/", body).await;
        webhook["secret"].as_str().unwrap().to_owned()
    }

    /// Makes an account active or not, for which Fief has no API. It is changed now, as an API would say.
    pub fn set_active(&self, email: &str, is_active: bool) {
        let script = "import sqlite3, sys\n\
             with sqlite3.connect(sys.argv[1], timeout=30) as database:\n    \
             sql = 'UPDATE fief_users SET is_active = ?, updated_at = ' \
             + \"strftime('%Y-%m-%d %H:%M:%f000', 'now') WHERE email = ?\"\n    \
             assert database.execute(sql, (int(sys.argv[2]), sys.argv[3])).rowcount == 1\n";
        let settings = variable("SETTINGS");
        let setting = |name: &str| {
            let line = settings.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.strip_prefix('=')).unwrap()
        };
        let database = format!(
            "{}/{}",
            setting("DATABASE_LOCATION"),
            setting("DATABASE_NAME")
        );
        let status = Command::new(variable("PYTHON"))
            .args([
                "-c",
                script,
                &database,
                &u8::from(is_active).to_string(),
                email,
            ])
            .status();
        assert!(status.unwrap().success());
    }

    /// Waits until no other test expects a mail, since the log does not show the recipient.
    pub async fn mailbox(&self) -> Mailbox {
        static TURN: Mutex<()> = Mutex::const_new(());
        Mailbox {
            _turn: TURN.lock().await,
            seen: mailed_codes().len(),
        }
    }

    /// Sends a request to the admin API.
    pub async fn admin(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/admin/api{path}", self.base_url);
        let mut request = self.http.request(method, &url).bearer_auth(&self.admin_key);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(
            status.is_success(),
            "{path} responded with {status}: {text}"
        );
        serde_json::from_str(&text).unwrap_or_default()
    }
}

fn mailed_codes() -> Vec<String> {
    let log = fs::read_to_string(variable("WORKER_LOG")).unwrap();
    let codes = log.split("\"code\": \"").skip(1);
    let codes = codes.filter_map(|rest| rest.split_once('"'));
    codes.map(|(code, _)| code.to_owned()).collect()
}

pub(crate) fn variable(name: &str) -> String {
    let name = format!("FIEF_REAL_{name}");
    env::var(&name).unwrap_or_else(|_| panic!("{name} is not set: run tests/real.sh"))
}
