use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use fief_axum::FiefAuth;
use fief_test_server::FiefTestServer;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::{application::Application, login};

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Tokens,
    Sessions,
}

impl Kind {
    /// MiB: what the caches hold, and 8 more.
    pub(crate) fn limit(self) -> u64 {
        match self {
            Self::Tokens => 32 + 8,
            // Their tokens are in a cache of their own.
            Self::Sessions => 64 + 8,
        }
    }

    async fn header(self, server: &FiefTestServer, auth: &FiefAuth, number: usize) -> String {
        match self {
            Self::Tokens => {
                let token = server.access_token().permission("castles:create");
                format!(
                    "Authorization: Bearer {}",
                    token.claim("jti", number).mint()
                )
            }
            Self::Sessions => {
                let cookies = login::log_in(server, auth).await;
                format!("Cookie: {cookies}")
            }
        }
    }
}

/// Sends so many different headers, and returns the most memory that the application has taken, in KiB.
pub(crate) async fn send(
    server: &FiefTestServer,
    application: &Application,
    kind: Kind,
    number: usize,
) -> u64 {
    let (next, most) = (AtomicUsize::new(0), AtomicU64::new(0));
    let sender = || async {
        let mut connection = Connection::open(&application.address).await;
        let (mut auth, mut logins, mut first) = (application.auth(), 0, Vec::new());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= number {
                break;
            }
            // One remembers 100,000 logins at most.
            logins += 1;
            if logins % 10_000 == 0 {
                auth = application.auth();
            }
            let header = kind.header(server, &auth, at).await;
            for _ in 0..2 {
                connection.get("/castles", &header).await;
            }
            if first.len() < 100 {
                first.push(header);
            }
            if at % 1000 == 0 {
                most.fetch_max(application.memory().await, Ordering::Relaxed);
            }
        }
        for header in &first {
            connection.get("/castles", header).await;
        }
    };
    tokio::join!(sender(), sender(), sender(), sender());
    most.fetch_max(application.memory().await, Ordering::Relaxed);
    most.into_inner()
}

/// Connection that is kept alive.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) async fn open(address: &str) -> Self {
        Self(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    /// Returns the body of a response, which must be successful.
    pub(crate) async fn get(&mut self, path: &str, header: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nHost: app.example.com\r\n{header}\r\n\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
        let (mut line, mut length) = (String::new(), 0);
        self.0.read_line(&mut line).await.unwrap();
        assert!(line.starts_with("HTTP/1.1 200 "), "{line}");
        while line != "\r\n" {
            line.clear();
            self.0.read_line(&mut line).await.unwrap();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        String::from_utf8(body).unwrap()
    }
}
