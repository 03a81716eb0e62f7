use std::{error::Error, fmt, sync::Arc};

/// Error of a request to which no complete response arrived.
///
/// Its [`source`](Error::source) and the sources of that say what failed: name resolution, TCP, TLS,
/// a timeout or the response's body. No message contains the request's URL, which can carry secrets.
///
/// ```
/// use std::error::Error;
/// use fief_client::FiefError;
///
/// fn explain(error: &FiefError) {
///     if let FiefError::Transport(error) = error {
///         let reason = if error.is_timeout() { "too slow" } else { "unreachable" };
///         eprintln!("Fief is {reason}: {error} ({:?})", error.source());
///     }
/// }
/// ```
#[derive(Clone)]
pub struct TransportError {
    cause: Cause,
}

#[derive(Clone, Debug)]
enum Cause {
    /// Too many requests are in flight, or are waiting for one.
    Busy,
    /// Shared, since all callers that wait for one request share its failure.
    Http(Arc<reqwest::Error>),
}

impl TransportError {
    /// Returns `true` if the response began but its body broke off.
    #[must_use]
    pub fn is_body(&self) -> bool {
        self.http()
            .is_some_and(|error| error.is_body() || error.is_decode())
    }

    /// Returns `true` if nothing was sent, since too many others are waiting for Fief: 64 requests, of which 32 are
    /// exchanges of codes, or 256 callers that need the discovery document or the keys. Try again in some seconds.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.cause, Cause::Busy)
    }

    /// Returns `true` if no connection could be made.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.http().is_some_and(reqwest::Error::is_connect)
    }

    /// Returns `true` if connecting or the response took too long.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.http().is_some_and(reqwest::Error::is_timeout)
    }

    /// Strips the URL, which can carry secrets.
    pub(super) fn new(error: reqwest::Error) -> Self {
        Self {
            cause: Cause::Http(Arc::new(error.without_url())),
        }
    }

    pub(crate) fn busy() -> Self {
        Self { cause: Cause::Busy }
    }

    fn http(&self) -> Option<&reqwest::Error> {
        match &self.cause {
            Cause::Busy => None,
            Cause::Http(error) => Some(error),
        }
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TransportError").field(&self.cause).finish()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Busy => f.write_str("too many requests are waiting for Fief"),
            Cause::Http(error) => error.fmt(f),
        }
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.http().and_then(Error::source)
    }
}

#[cfg(test)]
mod tests {
    use super::TransportError;
    use crate::{FiefError, error::Chain};

    /// LG-2: the reason is logged, the URL is not.
    #[test]
    fn the_sources_are_shown_without_the_url() {
        let request = reqwest::Client::new().get("file:///SECRET").build();
        let Err(error) = request else {
            panic!("a request to a file");
        };
        let error = FiefError::Transport(TransportError::new(error));
        let shown = Chain(&error).to_string();
        assert!(
            shown.starts_with("no response from Fief: ") && !shown.contains("SECRET"),
            "{shown}"
        );
    }
}
