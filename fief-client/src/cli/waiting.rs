use std::{io, sync::Arc};

use tokio::sync::mpsc::Receiver;
use url::Url;

use crate::{
    AuthorizationResponse,
    cli::{
        FiefAuthError, LoginEvent,
        connection::Connection,
        redirect::{Expected, Redirect},
        signal::Signal,
    },
};

/// Login that waits for the browser to come back.
pub(super) struct Waiting {
    pub(super) expected: Arc<Expected>,
    pub(super) received: Receiver<Signal>,
    /// Why nothing listens, if so.
    pub(super) failure: Option<io::Error>,
    pub(super) url: Url,
    pub(super) can_paste: bool,
}

/// The end of a login in the browser, and its connection if it was not pasted.
pub(super) struct Arrived {
    pub(super) response: Result<AuthorizationResponse, FiefAuthError>,
    pub(super) connection: Option<Connection>,
}

impl Waiting {
    pub(super) async fn wait(
        mut self,
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
                .unwrap_or_else(|| io::ErrorKind::NotConnected.into()),
        })
    }
}
