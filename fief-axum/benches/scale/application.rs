use std::{
    env, fs,
    io::{BufRead, BufReader, Write, stdout},
    process::{Child, Command, Stdio},
};

use axum::{Router, routing::get};
use fief_axum::{Authenticated, FiefAuth, SessionKey};
use fief_client::Fief;
use fief_test_server::FiefTestServer;
use tokio::net::TcpListener;

use crate::client::Connection;

/// The process with the application, which ends with this.
pub(crate) struct Application {
    pub(crate) address: String,
    client: [String; 3],
    process: Child,
}

impl Application {
    pub(crate) fn start(server: &FiefTestServer, argument: &str) -> Self {
        let client = [server.url(), server.client_id(), server.client_secret()];
        let mut process = Command::new(env::current_exe().unwrap())
            .arg(argument)
            .args(client)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut address).unwrap();
        Self {
            address: address.trim().to_owned(),
            client: client.map(str::to_owned),
            process,
        }
    }

    /// Returns the same application, in this process, to log in with.
    pub(crate) fn auth(&self) -> FiefAuth {
        let [url, id, secret] = &self.client;
        auth([url, id, secret])
    }

    /// KiB of memory that are resident.
    pub(crate) async fn memory(&self) -> u64 {
        let mut connection = Connection::open(&self.address).await;
        let memory = connection.get("/memory", "Accept: */*").await;
        memory.parse().unwrap()
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Serves the application, and prints its address.
pub(crate) async fn serve(client: [&str; 3]) {
    let auth = auth(client);
    let guard = auth.require().permission("castles:create");
    let app = Router::new()
        .route("/castles", get(castles).route_layer(guard))
        .layer(auth.layer())
        .route("/memory", get(memory));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    stdout().flush().unwrap();
    axum::serve(listener, app).await.unwrap();
}

fn auth([url, id, secret]: [&str; 3]) -> FiefAuth {
    let fief = Fief::builder(url, id).client_secret(secret);
    let auth = FiefAuth::builder(fief.build().unwrap());
    let key = SessionKey::from_bytes(SESSION_KEY).unwrap();
    auth.login("https://app.example.com", key).build().unwrap()
}

async fn castles(Authenticated(token): Authenticated) -> String {
    token.id().to_string()
}

async fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap().trim().trim_end_matches(" kB").to_owned()
}

const SESSION_KEY: &[u8] = b"a session key for scale only....";
