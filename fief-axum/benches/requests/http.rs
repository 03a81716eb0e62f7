use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use axum::Router;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Barrier,
    task::JoinSet,
};

use crate::{
    fixture::bare,
    measure::{self, median},
};

/// Requests per second over connections that are kept alive, each with a header that was seen before.
pub(crate) async fn report(name: &str, app: Router, headers: &[String]) {
    let protected = serve(app).await;
    let bare = serve(bare()).await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((rate(protected, headers).await, rate(bare, headers).await));
    }
    let ratio = median(rounds.iter().map(|(protected, bare)| protected / bare));
    let bare = median(rounds.iter().map(|(_, bare)| *bare));
    measure::report(
        name,
        format_args!(
            "{:.1} % of a bare route's {bare:.0} requests per second",
            ratio * 100.0
        ),
        ratio >= 0.95,
        format_args!("95 %"),
    );
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

/// Requests per second.
async fn rate(server: SocketAddr, headers: &[String]) -> f64 {
    let ready = Arc::new(Barrier::new(headers.len() + 1));
    let mut connections = JoinSet::new();
    for header in headers {
        let request = format!("GET /castles HTTP/1.1\r\nHost: app.example.com\r\n{header}\r\n\r\n");
        connections.spawn(ask(server, request, Arc::clone(&ready)));
    }
    ready.wait().await;
    let began = Instant::now();
    connections.join_all().await;
    let requests = u32::try_from(headers.len()).unwrap() * REQUESTS;
    f64::from(requests) / began.elapsed().as_secs_f64()
}

async fn ask(server: SocketAddr, request: String, ready: Arc<Barrier>) {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let mut answer = [0; 1024];
    stream.write_all(request.as_bytes()).await.unwrap();
    // It comes in one piece, and each of them is as long as the first.
    let length = stream.read(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    ready.wait().await;
    for _ in 0..REQUESTS {
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_exact(&mut answer[..length]).await.unwrap();
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
}

pub(crate) const CONNECTIONS: usize = 16;
const REQUESTS: u32 = 125;
const ROUNDS: usize = 100;
