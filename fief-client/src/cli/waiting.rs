use std::{io, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::mpsc::{self, Receiver, Sender},
    task::JoinSet,
    time::timeout,
};
use url::Url;

use crate::{
    AuthorizationResponse,
    cli::{
        FiefAuthError, LoginEvent,
        browser::Browser,
        connection::Connection,
        listener,
        paste::Paste,
        redirect::{Expected, Redirect},
        signal::Signal,
    },
};

/// Login that waits for the browser to come back.
pub(super) struct Waiting {
    expected: Arc<Expected>,
    /// Why nothing listens, if so.
    failure: Option<io::Error>,
    url: Url,
    can_paste: bool,
    received: Receiver<Signal>,
    /// They end with the login.
    tasks: JoinSet<()>,
}

/// The end of a login in the browser, and its connection if it was not pasted.
pub(super) struct Arrived {
    pub(super) response: Result<AuthorizationResponse, FiefAuthError>,
    pub(super) connection: Option<Connection>,
}

impl Waiting {
    /// Opens the browser, and starts to listen and to read what is pasted.
    pub(super) fn start(
        listener: io::Result<TcpListener>,
        expected: Expected,
        url: Url,
        (browser, paste): (Browser, Paste),
    ) -> Self {
        let expected = Arc::new(expected);
        let can_paste = paste.is_available();
        let (signals, received) = mpsc::channel(8);
        let mut tasks = JoinSet::new();
        let failure = match listener {
            Ok(listener) => {
                let expected = Arc::clone(&expected);
                tasks.spawn(listener::serve(listener, expected, signals.clone()));
                None
            }
            Err(error) => Some(error),
        };
        tasks.spawn(paste.send(signals.clone()));
        tasks.spawn(open(browser, url.clone(), signals));
        Self {
            expected,
            failure,
            url,
            can_paste,
            received,
            tasks,
        }
    }

    /// Returns how the login ended in the browser. Nothing listens any more then, and nothing is read.
    pub(super) async fn arrival(
        mut self,
        time_limit: Duration,
        on_event: &mut (dyn FnMut(&LoginEvent<'_>) + Send),
    ) -> Result<Arrived, FiefAuthError> {
        let arrived = timeout(time_limit, self.wait(on_event)).await;
        self.tasks.shutdown().await;
        arrived.map_err(|_| FiefAuthError::TimedOut)?
    }

    async fn wait(
        &mut self,
        on_event: &mut (dyn FnMut(&LoginEvent<'_>) + Send),
    ) -> Result<Arrived, FiefAuthError> {
        let (url, can_paste) = (&self.url, self.can_paste);
        while let Some(signal) = self.received.recv().await {
            match signal {
                Signal::Browser(Ok(())) => on_event(&LoginEvent::BrowserOpened { url, can_paste }),
                Signal::Browser(Err(error)) => on_event(&LoginEvent::BrowserUnavailable {
                    url,
                    can_paste,
                    error: &error,
                }),
                Signal::Pasted(line) if line.trim().is_empty() => {}
                Signal::Pasted(line) => match self.expected.pasted(&line) {
                    Redirect::Ends(response) => {
                        return Ok(Arrived {
                            response,
                            connection: None,
                        });
                    }
                    Redirect::Foreign => on_event(&LoginEvent::PasteRejected),
                },
                Signal::PasteEnded if self.failure.is_some() => break,
                Signal::PasteEnded => {}
                Signal::Redirect(response, connection) => {
                    return Ok(Arrived {
                        response,
                        connection: Some(connection),
                    });
                }
            }
        }
        // Nothing listens, and nothing more will be pasted.
        Err(FiefAuthError::Listener {
            port: self.expected.redirect_uri.port(),
            source: self
                .failure
                .take()
                .unwrap_or_else(|| io::ErrorKind::NotConnected.into()),
        })
    }
}

async fn open(browser: Browser, url: Url, signals: Sender<Signal>) {
    let result = browser.open(url).await;
    // Fails if the login has ended.
    let _ = signals.send(Signal::Browser(result)).await;
}
