use std::{
    future::Future,
    io::{self, IsTerminal, Read},
    pin::Pin,
};

use tokio::sync::mpsc::Sender;

use crate::cli::signal::Signal;

/// Source of the addresses that a user pastes.
pub(super) enum Paste {
    Custom(Box<dyn FnMut() -> NextLine + Send>),
    /// Standard input, if it is a terminal.
    Default,
}

/// The next line, or `None` if there are no more.
pub(super) type NextLine = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

impl Paste {
    pub(super) fn is_available(&self) -> bool {
        match self {
            Self::Custom(_) => true,
            Self::Default => io::stdin().is_terminal(),
        }
    }

    /// Sends lines until there are no more, or until it is dropped.
    pub(super) async fn send(self, signals: Sender<Signal>) {
        match self {
            Self::Custom(mut next) => {
                while let Some(line) = next().await {
                    if signals.send(Signal::Pasted(line)).await.is_err() {
                        return;
                    }
                }
            }
            Self::Default if io::stdin().is_terminal() => terminal::send(&signals).await,
            Self::Default => {}
        }
        // Fails if the login has ended.
        let _ = signals.send(Signal::PasteEnded).await;
    }
}

/// Reads a line, of bounded length. Returns `None` at the end of input.
fn read_line() -> Option<String> {
    let mut line = Vec::new();
    let stdin = io::stdin().lock();
    let mut stdin = stdin.take(MAX_LINE);
    let length = io::BufRead::read_until(&mut stdin, b'\n', &mut line).ok()?;
    (length > 0).then(|| String::from_utf8_lossy(&line).into_owned())
}

#[cfg(unix)]
mod terminal {
    use std::io;

    use tokio::{
        io::{Interest, unix::AsyncFd},
        sync::mpsc::Sender,
    };

    use crate::cli::signal::Signal;

    /// Reads only when a line is there, so that what is typed after the login is not lost.
    pub(super) async fn send(signals: &Sender<Signal>) {
        #[allow(
            deprecated,
            reason = "what replaces it is newer than the oldest tokio; standard input stays open"
        )]
        let Ok(stdin) = AsyncFd::with_interest(io::stdin(), Interest::READABLE) else {
            return;
        };
        while let Ok(mut ready) = stdin.readable().await {
            let line = super::read_line();
            ready.clear_ready();
            let Some(line) = line else { return };
            if signals.send(Signal::Pasted(line)).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(not(unix))]
mod terminal {
    use std::thread;

    use tokio::sync::mpsc::Sender;

    use crate::cli::signal::Signal;

    /// Reads on a thread of its own, which reads one line more than the login needs.
    pub(super) async fn send(signals: &Sender<Signal>) {
        let lines = signals.clone();
        let read = move || {
            while let Some(line) = super::read_line() {
                if lines.blocking_send(Signal::Pasted(line)).is_err() {
                    return;
                }
            }
        };
        if thread::Builder::new().spawn(read).is_ok() {
            signals.closed().await;
        }
    }
}

/// Bytes.
const MAX_LINE: u64 = 8 * 1024;
