use std::{fmt, time::Duration};

use serde_json::Value;

use crate::fief::ErrorBody;

/// What Fief said in an error answer: its first 2 KB.
///
/// `Debug` and the error's text show only the code, since Fief echoes what was sent, passwords included.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct RequestDetail {
    body: String,
    retry_after: Option<Duration>,
}

impl RequestDetail {
    pub(crate) fn new(body: &[u8], retry_after: Option<Duration>) -> Self {
        Self {
            body: String::from_utf8_lossy(body).into_owned(),
            retry_after,
        }
    }

    /// Returns the body as Fief sent it. It may repeat what the request carried.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.body
    }

    /// Returns the error's code: `error` of an OAuth 2.0 answer, `detail` of the user API (`ACR_TOO_LOW`).
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let body = self.parse()?;
        let code = body.error.or(match body.detail {
            Some(Value::String(code)) => Some(code),
            _ => None,
        })?;
        let printable = code.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        (code.len() <= 64 && printable).then_some(code)
    }

    /// Returns the entries of a 422 answer, one a field, as pydantic writes them (`type`, `loc`, `msg`, ...).
    #[must_use]
    pub fn fields(&self) -> Vec<Value> {
        match self.parse().and_then(|body| body.detail) {
            Some(Value::Array(fields)) => fields,
            _ => Vec::new(),
        }
    }

    /// Returns why Fief refused, in the language it chose: the rules that a password breaks.
    #[must_use]
    pub fn reason(&self) -> Vec<String> {
        self.parse()
            .and_then(|body| body.reason)
            .unwrap_or_default()
    }

    /// Returns how long a busy server (429, 503) asks to be left alone: at most 60 seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    pub(crate) fn suffix(&self) -> String {
        self.code()
            .map(|code| format!(": {code}"))
            .unwrap_or_default()
    }

    fn parse(&self) -> Option<ErrorBody> {
        serde_json::from_str(&self.body).ok()
    }
}

impl fmt::Debug for RequestDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestDetail")
            .field("code", &self.code())
            .finish_non_exhaustive()
    }
}
