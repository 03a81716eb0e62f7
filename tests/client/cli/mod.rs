//! Logins and credentials of command-line tools. The browser is an HTTP client.

mod clocks;
mod credentials;
mod files;
mod listener;
mod login;
mod paste;
mod pending;
mod processes;
mod refresh;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use fief_client::{
    Fief, FiefUserInfo,
    cli::{FiefAuth, FiefAuthError, Login},
};
use fief_test_server::{Client, FiefTestServer, User};
use reqwest::Response;
use serde_json::Value;
use tokio::{
    sync::oneshot,
    task::{AbortHandle, JoinHandle},
    time::timeout,
};
use url::Url;

use super::{ANNE, TIMEOUT};

const LOUIS: &str = "louis@example.com";
const DAY: Duration = Duration::from_secs(86_400);

type LoginResult = Result<FiefUserInfo, FiefAuthError>;

/// A command-line tool and its Fief, which has a public client.
struct Tool {
    server: FiefTestServer,
    folder: Folder,
    auth: FiefAuth,
}

impl Tool {
    async fn start() -> Self {
        let server = FiefTestServer::builder()
            .client(Client::public("castles-cli"))
            .client(Client::public("other"))
            .user(User::new(ANNE, "herminetincture"))
            .user(User::new(LOUIS, "porcupine-and-crown"))
            .start()
            .await
            .unwrap();
        let folder = Folder::create();
        let auth = FiefAuth::with_credentials_path(fief(&server), folder.credentials());
        Self {
            server,
            folder,
            auth,
        }
    }

    /// Returns a tool whose user is logged in.
    async fn logged_in() -> Self {
        let tool = Self::start().await;
        tool.log_in().await.unwrap();
        tool
    }

    /// Returns what another run of the tool has, without caches.
    fn again(&self) -> FiefAuth {
        FiefAuth::with_credentials_path(fief(&self.server), self.folder.credentials())
    }

    /// Returns a login at a free port, without a terminal.
    fn login(&self) -> Login {
        self.auth
            .login()
            .redirect_uri("http://127.0.0.1:0/callback")
            .paste_from(std::future::pending)
            .on_event(|_| {})
    }

    /// Logs anne in.
    async fn log_in(&self) -> LoginResult {
        let browser = Browser::begin(self.login()).await;
        browser.redirect(&self.server).await;
        browser.result().await
    }

    /// Returns the contents of the file.
    fn saved(&self) -> Value {
        serde_json::from_slice(&fs::read(self.folder.credentials()).unwrap()).unwrap()
    }

    fn saved_token(&self, name: &str) -> String {
        self.saved()["tokens"][name].as_str().unwrap().to_owned()
    }
}

fn fief(server: &FiefTestServer) -> Fief {
    let builder = Fief::builder(server.url(), "castles-cli");
    builder.clock(server.clock()).build().unwrap()
}

/// A login that waits for its browser.
struct Browser {
    url: Url,
    login: JoinHandle<LoginResult>,
}

impl Browser {
    /// Begins a login, and waits for the URL that it opens.
    async fn begin(login: Login) -> Self {
        let (sender, url) = oneshot::channel();
        let login = login.browser(move |url| {
            sender.send(url.clone()).unwrap();
            Ok(())
        });
        let login = tokio::spawn(login.into_future());
        let url = timeout(TIMEOUT, url).await.unwrap().unwrap();
        Self { url, login }
    }

    fn parameter(&self, name: &str) -> String {
        super::parameter(&self.url, name).unwrap()
    }

    /// Returns an address at the redirect URI.
    fn address(&self, query: &str) -> String {
        format!("{}?{query}", self.parameter("redirect_uri"))
    }

    /// Returns the address with the login's state.
    fn stateful(&self, query: &str) -> String {
        self.address(&format!("{query}&state={}", self.parameter("state")))
    }

    /// Logs anne in at Fief. Returns where Fief sends the browser.
    async fn log_in(&self, server: &FiefTestServer) -> String {
        server.log_in(ANNE, &self.url).await
    }

    /// Logs anne in at Fief, and follows the redirect.
    async fn redirect(&self, server: &FiefTestServer) -> Response {
        get(&self.log_in(server).await).await
    }

    async fn result(self) -> LoginResult {
        timeout(TIMEOUT, self.login).await.unwrap().unwrap()
    }

    fn is_waiting(&self) -> bool {
        !self.login.is_finished()
    }

    fn canceller(&self) -> AbortHandle {
        self.login.abort_handle()
    }
}

async fn get(url: &str) -> Response {
    reqwest::get(url).await.unwrap()
}

/// Texts of the events of a login.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    fn record(&self, login: Login) -> Login {
        let events = self.clone();
        login.on_event(move |event| events.0.lock().unwrap().push(format!("{event:?}")))
    }

    /// Returns the names of the events.
    fn names(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        let name = |event: &String| event.split([' ', '(']).next().unwrap().to_owned();
        events.iter().map(name).collect()
    }
}

/// A temporary folder with the credentials of a tool.
struct Folder(fief_tests::Folder);

impl Folder {
    fn create() -> Self {
        Self(fief_tests::Folder::create())
    }

    fn credentials(&self) -> PathBuf {
        self.0.path().join("castles/credentials.json")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("castles").join(name)
    }

    /// Returns the names of the files, if there are any.
    fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.0.path().join("castles")) else {
            return Vec::new();
        };
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
}
