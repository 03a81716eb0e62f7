use std::{fmt, io};

use url::Url;

/// Progress of a login, for [`Login::on_event`](crate::cli::Login::on_event).
///
/// `Display` is what is written to standard error by default: one or more lines in English.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginEvent<'a> {
    /// A browser was opened, and the login waits for it to come back.
    #[non_exhaustive]
    BrowserOpened {
        /// What was opened. Show it, since the browser may not have appeared.
        url: &'a Url,
        /// Whether an address can be pasted.
        can_paste: bool,
    },
    /// No browser can be opened: show the URL. The login waits for the browser in which the user opens it.
    #[non_exhaustive]
    BrowserUnavailable {
        /// The URL to open.
        url: &'a Url,
        /// Whether an address can be pasted. A browser on another machine shows an error in the end: the user pastes the
        /// address of that page.
        can_paste: bool,
        /// Why no browser can be opened.
        error: &'a io::Error,
    },
    /// The browser came back. The code is exchanged for tokens, which takes some seconds at most.
    Exchanging,
    /// The redirect cannot be received, since the port is in use for example. The address at which the browser ends must be
    /// pasted.
    #[non_exhaustive]
    ListenerUnavailable {
        /// The port.
        port: u16,
        /// Why it cannot be used.
        error: &'a io::Error,
    },
    /// The address that was pasted is not the one at which this login ends. Another one can be pasted.
    PasteRejected,
}

impl fmt::Display for LoginEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrowserOpened { url, can_paste } => write!(
                f,
                "Log in with the browser that was opened. If it was not, open this address:\n\n{url}\n{}",
                Paste(*can_paste)
            ),
            Self::BrowserUnavailable {
                url,
                can_paste,
                error: _,
            } => write!(
                f,
                "Open this address in a browser to log in:\n\n{url}\n{}",
                Paste(*can_paste)
            ),
            Self::Exchanging => f.write_str("The browser has come back. Logging in..."),
            Self::ListenerUnavailable { port, error } => {
                write!(f, "Port {port} cannot be used: {error}.")
            }
            Self::PasteRejected => {
                f.write_str("That is not the address at which this login ends. Paste it again:")
            }
        }
    }
}

/// How to paste an address.
struct Paste(bool);

impl fmt::Display for Paste {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 {
            f.write_str(
                "\nIf it ends with an error of the browser, paste the address of that page here:",
            )?;
        }
        Ok(())
    }
}
