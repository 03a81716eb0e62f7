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
    /// Shared, since all callers that wait for one request share its failure.
    error: Arc<reqwest::Error>,
}

impl TransportError {
    /// Returns `true` if the response began but its body broke off.
    #[must_use]
    pub fn is_body(&self) -> bool {
        self.error.is_body() || self.error.is_decode()
    }

    /// Returns `true` if no connection could be made.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.error.is_connect()
    }

    /// Returns `true` if connecting or the response took too long.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.error.is_timeout()
    }

    /// Strips the URL, which can carry secrets.
    pub(super) fn new(error: reqwest::Error) -> Self {
        Self {
            error: Arc::new(error.without_url()),
        }
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TransportError").field(&self.error).finish()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
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
