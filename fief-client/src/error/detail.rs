use std::{fmt, sync::Arc, time::Duration};

use serde_json::Value;

use crate::fief::ErrorBody;

/// Details of an error response from Fief: its code, its explanations and the first 2 KB of its body.
/// Cloning is cheap.
///
/// `Debug` and the error's message show only the code: Fief's error responses repeat what the request
/// sent, passwords included.
///
/// ```
/// use fief_client::FiefError;
///
/// /// What to show to a user whose password was not changed.
/// fn broken_rules(error: &FiefError) -> Vec<String> {
///     match error {
///         FiefError::Request { detail, .. } => detail.reason().to_vec(),
///         _ => Vec::new(),
///     }
/// }
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
pub struct RequestDetail {
    inner: Arc<Inner>,
}

#[derive(Default, Eq, PartialEq)]
struct Inner {
    body: String,
    code: Option<String>,
    fields: Vec<Value>,
    reason: Vec<String>,
    retry_after: Option<Duration>,
}

impl RequestDetail {
    pub(crate) fn new(body: &[u8], retry_after: Option<Duration>) -> Self {
        let body = String::from_utf8_lossy(body).into_owned();
        let parsed: Option<ErrorBody> = serde_json::from_str(&body).ok();
        let (error, detail, reason) = match parsed {
            Some(body) => (body.error, body.detail, body.reason),
            None => (None, None, None),
        };
        let (detail, fields) = match detail {
            Some(Value::String(code)) => (Some(code), Vec::new()),
            Some(Value::Array(fields)) => (None, fields),
            _ => (None, Vec::new()),
        };
        Self {
            inner: Arc::new(Inner {
                body,
                code: error.or(detail).filter(|code| is_printable(code)),
                fields,
                reason: reason.unwrap_or_default(),
                retry_after,
            }),
        }
    }

    /// Returns the first 2 KB of the response's body.
    ///
    /// It may contain what the request sent, passwords included: do not log it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.inner.body
    }

    /// Returns the error's code: `error` of an OAuth 2.0 response (`invalid_grant`,
    /// [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)) or `detail` of the
    /// user API (`ACR_TOO_LOW`).
    ///
    /// `None` if the response has no code, or one that is longer than 64 characters or not printable
    /// ASCII.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.inner.code.as_deref()
    }

    /// Returns the entries of a 422 response, one for each invalid field, as pydantic writes them:
    /// objects with `type`, `loc`, `msg` and more.
    ///
    /// Empty for other responses.
    #[must_use]
    pub fn fields(&self) -> &[Value] {
        &self.inner.fields
    }

    /// Returns why Fief rejected a password: one sentence for each rule that it breaks, in a language
    /// that Fief chose.
    ///
    /// Empty for other responses.
    #[must_use]
    pub fn reason(&self) -> &[String] {
        &self.inner.reason
    }

    /// Returns for how long a busy server (429 or 503) wants no more requests, at most 60 seconds
    /// ([RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
    ///
    /// `None` if the response has no `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Returns the code as the end of an error's message.
    pub(crate) fn code_suffix(&self) -> String {
        self.code()
            .map(|code| format!(": {code}"))
            .unwrap_or_default()
    }
}

impl fmt::Debug for RequestDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestDetail")
            .field("code", &self.code())
            .finish_non_exhaustive()
    }
}

/// Returns `true` if a code can be shown in one line.
fn is_printable(code: &str) -> bool {
    code.len() <= 64 && code.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}
