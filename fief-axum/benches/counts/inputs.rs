use std::{
    fs,
    hint::black_box,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fief_axum::{FiefAuth, FiefAuthBuilder, SessionKey};
use fief_client::Fief;
use fief_test_server::{Client, FiefTestServer, User};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[cfg(feature = "tower-sessions")]
use crate::memory::Memory;
use crate::{batch::REQUESTS, login::log_in};

/// What every run under callgrind is given. From one bench to the next only keys, signatures and random ids differ, and
/// none of them in length.
#[derive(Deserialize, Serialize)]
pub(crate) struct Inputs {
    url: String,
    pub(crate) token: String,
    pub(crate) new_tokens: Vec<String>,
    pub(crate) expired_token: String,
    pub(crate) unknown_kid_token: String,
    pub(crate) cookies: String,
    #[cfg(feature = "tower-sessions")]
    pub(crate) store: Memory,
    #[cfg(feature = "tower-sessions")]
    pub(crate) store_cookies: String,
}

impl Inputs {
    pub(crate) async fn new(server: &FiefTestServer) -> Self {
        let token = |jti: usize| server.access_token().claim("jti", jti);
        let mut inputs = Self {
            url: server.url().to_owned(),
            token: token(1000).mint(),
            new_tokens: (2000..2000 + REQUESTS)
                .map(|jti| token(jti).mint())
                .collect(),
            expired_token: token(1001).expired().mint(),
            unknown_kid_token: token(1002).header("kid", UNKNOWN_KID).mint(),
            cookies: String::new(),
            #[cfg(feature = "tower-sessions")]
            store: Memory::default(),
            #[cfg(feature = "tower-sessions")]
            store_cookies: String::new(),
        };
        inputs.cookies = log_in(server, &inputs.web().build().unwrap()).await;
        #[cfg(feature = "tower-sessions")]
        {
            let auth = inputs.web().session_store(inputs.store.clone());
            inputs.store_cookies = log_in(server, &auth.build().unwrap()).await;
        }
        inputs
    }

    pub(crate) fn read(path: &Path) -> Self {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    pub(crate) fn write(&self, path: &Path) {
        fs::write(path, serde_json::to_vec(self).unwrap()).unwrap();
    }

    /// Accepts bearer tokens.
    pub(crate) fn api(&self) -> FiefAuth {
        FiefAuth::new(self.fief())
    }

    /// Accepts sessions too.
    pub(crate) fn web(&self) -> FiefAuthBuilder {
        let key = SessionKey::from_bytes(SESSION_KEY).unwrap();
        FiefAuth::builder(self.fief()).login("https://app.example.com", key)
    }

    fn fief(&self) -> Fief {
        let fief = Fief::builder(&self.url, CLIENT_ID).client_secret(CLIENT_SECRET);
        fief.clock(now).build().unwrap()
    }
}

/// A server with the same names and the same time each time.
pub(crate) async fn server() -> FiefTestServer {
    let user = User::new("anne@example.com", "herminetincture")
        .id(Uuid::from_u128(0x9d5c_1f0e_4b7a_4c38_8e21_63f0_a7b4_d2c9))
        .permission("castles:create")
        .field("first_name", "Anne");
    let server = FiefTestServer::builder()
        .domain("fief.example.com")
        .client(Client::new(CLIENT_ID).secret(CLIENT_SECRET))
        .user(user);
    let server = server.start().await.unwrap();
    server.set_time(now());
    server
}

/// Reads the machine's clock, as a server does, but time stands still.
fn now() -> SystemTime {
    black_box(SystemTime::now());
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

// As long as Fief's own.
const CLIENT_ID: &str = "ClientIdForCountsOnly_abcdefghijklmnopqrstu";
const CLIENT_SECRET: &str = "ClientSecretForCountsOnly_abcdefghijklmnopq";
const UNKNOWN_KID: &str = "UnknownKeyIdForCountsOnly_abcdefghijklmnopq";
const SESSION_KEY: &[u8] = b"a session key for counts only...";
