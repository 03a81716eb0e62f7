//! Connections that faults can break.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// Listener whose connections can be broken by a [`Breaker`].
#[derive(Debug)]
pub(crate) struct BreakableListener(pub(crate) TcpListener);

/// Handle to a connection, which breaks it instead of sending the response. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breaker(Arc<AtomicU8>);

/// TCP stream that a [`Breaker`] can break.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    breaker: Breaker,
}

impl Breaker {
    /// Resets the connection at the next write.
    pub(crate) fn reset(&self) {
        self.0.store(RESET, Ordering::Relaxed);
    }

    /// Sends bytes that are not HTTP at the next write, and closes the connection.
    pub(crate) fn garbage(&self) {
        self.0.store(GARBAGE, Ordering::Relaxed);
    }
}

impl Listener for BreakableListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // If this fails, small responses may be delayed.
        let _ = stream.set_nodelay(true);
        let breaker = Breaker::default();
        (Connection { stream, breaker }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, BreakableListener>> for Breaker {
    fn connect_info(stream: IncomingStream<'_, BreakableListener>) -> Self {
        stream.io().breaker.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.breaker.0.load(Ordering::Relaxed) {
            INTACT => Pin::new(&mut self.stream).poll_write(context, bytes),
            RESET => {
                linger(&self.stream)?;
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            _ => {
                let nonsense = b"\x00\xff\x16 this is not HTTP \r\n\r\n";
                ready!(Pin::new(&mut self.stream).poll_write(context, nonsense))?;
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Makes closing the stream reset the connection.
#[allow(
    deprecated,
    reason = "a linger of zero never blocks, and its successor needs a newer tokio"
)]
fn linger(stream: &TcpStream) -> io::Result<()> {
    stream.set_linger(Some(Duration::ZERO))
}

const INTACT: u8 = 0;
const RESET: u8 = 1;
const GARBAGE: u8 = 2;
