use std::{collections::VecDeque, io, net::Ipv4Addr, sync::Arc, time::Duration};

use http::StatusCode;
use tokio::{
    net::TcpListener,
    sync::mpsc::Sender,
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};

use crate::cli::{
    connection::Connection,
    page::Page,
    redirect::{Expected, Redirect, RedirectUri},
    signal::Signal,
};

/// Listens on the loopback interface, at the port of the redirect URI. Port 0 is replaced by a free one.
pub(super) async fn bind(redirect_uri: RedirectUri) -> (io::Result<TcpListener>, RedirectUri) {
    let address = (Ipv4Addr::LOCALHOST, redirect_uri.port());
    let bound = TcpListener::bind(address).await;
    match bound.and_then(|listener| Ok((listener.local_addr()?.port(), listener))) {
        Ok((port, listener)) => (Ok(listener), redirect_uri.with_port(port)),
        Err(error) => (Err(error), redirect_uri),
    }
}

/// Serves the redirect URI until it is dropped. All requests but those with the login's state are rejected.
///
/// Any page in the browser and any program on the machine can send requests. They are bounded in number, size and time,
/// and of too many connections the oldest is closed, so that they cannot keep the redirect out.
pub(super) async fn serve(listener: TcpListener, expected: Arc<Expected>, signals: Sender<Signal>) {
    let mut connections = JoinSet::new();
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, for example.
            sleep(PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        open.retain(|connection| !connection.is_finished());
        if open.len() >= MAX_CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        let (expected, signals) = (Arc::clone(&expected), signals.clone());
        open.push_back(connections.spawn(async move {
            let work = respond(Connection::new(stream), &expected, &signals);
            // Without a request in time, the connection is closed.
            let _ = timeout(REQUEST_TIMEOUT, work).await;
        }));
    }
}

async fn respond(mut connection: Connection, expected: &Expected, signals: &Sender<Signal>) {
    let Ok(request) = connection.read_request(&expected.redirect_uri).await else {
        return;
    };
    let redirect = request.map(|query| expected.compare(&query));
    let status = match redirect {
        Ok(Redirect::Ends(response)) => {
            // Fails if the login has ended: the browser sees a closed connection.
            let _ = signals.send(Signal::Redirect(response, connection)).await;
            return;
        }
        Ok(Redirect::Foreign) => StatusCode::BAD_REQUEST,
        Err(status) => status,
    };
    tracing::debug!(%status, "request rejected by the login's listener");
    connection.respond(&Page::rejected(status)).await;
}

const MAX_CONNECTIONS: usize = 32;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);
