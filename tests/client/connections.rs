use std::{
    future::{pending, ready},
    iter,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use fief_client::Fief;
use fief_test_server::FiefTestServer;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Barrier,
    task::JoinSet,
};

use super::{discover, wait_until};
use crate::keys::pause;

/// DJ-3, DJ-16: two seconds to connect, name resolution included; then once more.
#[tokio::test]
async fn a_connection_that_takes_too_long_is_tried_once_more() {
    let server = FiefTestServer::start().await;
    let port = server.url().rsplit_once(':').unwrap().1;
    let fief = Fief::builder(format!("http://fief.localhost:{port}"), "CLIENT_ID")
        .http_client(|client| client.dns_resolver(Arc::new(SlowOnce(true.into()))))
        .build()
        .unwrap();
    let began = Instant::now();
    discover(&fief).await.unwrap();
    assert!((2..4).contains(&began.elapsed().as_secs()));
}

/// DJ-17: of many connections 32 are kept.
#[tokio::test]
async fn few_connections_are_kept() {
    let (url, open) = serve_together(50).await;
    let fief = Fief::builder(url, "CLIENT_ID").build().unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let fief = fief.clone();
        calls.spawn(async move { fief.userinfo("TOKEN").await });
    }
    calls.join_all().await;
    wait_until(async || open.load(Ordering::Relaxed) <= 32).await;
    pause().await;
    assert_eq!(open.load(Ordering::Relaxed), 32);
}

/// Resolves a name, but for the first time.
struct SlowOnce(AtomicBool);

impl Resolve for SlowOnce {
    fn resolve(&self, _: Name) -> Resolving {
        if self.0.swap(false, Ordering::Relaxed) {
            return Box::pin(pending());
        }
        let addresses: Addrs = Box::new(iter::once(([127, 0, 0, 1], 0).into()));
        Box::pin(ready(Ok(addresses)))
    }
}

/// Starts a server that responds to so many requests for user info at once. Returns its URL and its number of open connections.
async fn serve_together(requests: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (open, all) = (Arc::default(), Arc::new(Barrier::new(requests)));
    let counted = Arc::clone(&open);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(respond(stream, Arc::clone(&counted), Arc::clone(&all)));
        }
    });
    (url, open)
}

async fn respond(mut stream: TcpStream, open: Arc<AtomicUsize>, all: Arc<Barrier>) {
    open.fetch_add(1, Ordering::Relaxed);
    let mut request = [0; 4096];
    let mut length = stream.read(&mut request).await.unwrap();
    let discovery = b"GET /.well-known/openid-configuration";
    if request.starts_with(discovery) {
        stream.write_all(&ok(&document())).await.unwrap();
        length = stream.read(&mut request).await.unwrap();
    }
    assert_ne!(length, 0);
    all.wait().await;
    stream.write_all(&ok("{}")).await.unwrap();
    // Until the client closes it.
    let _ = stream.read(&mut [0; 4096]).await;
    open.fetch_sub(1, Ordering::Relaxed);
}

fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").into()
}

/// Returns a discovery document.
fn document() -> String {
    let url = "https://fief.example.com";
    serde_json::json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/api/token"),
        "userinfo_endpoint": format!("{url}/api/userinfo"),
        "jwks_uri": format!("{url}/.well-known/jwks.json"),
    })
    .to_string()
}
