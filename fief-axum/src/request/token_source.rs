//! Sources of access tokens other than `Authorization: Bearer` and cookies.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use fief_client::Fief;
use secrecy::{ExposeSecret, SecretString};

use super::{
    bearer::{Bearer, MAX_LEN},
    csrf::opens_websocket,
    token_request::{Found, FoundToken, TokenRequest},
};
use crate::{RejectionKind, catch_panic::call_hook, log::limited};

/// The function of `FiefAuthBuilder::token_source`.
pub(crate) type TokenFunction = Box<dyn Fn(TokenRequest<'_>) -> Option<FoundToken> + Send + Sync>;

/// The sources of tokens, if they are not the default ones.
pub(crate) struct TokenSources {
    /// The scheme of the `Authorization` header. `None` is `Bearer`.
    pub(crate) scheme: Option<String>,
    /// What the WebSocket sub-protocol begins with that carries a token.
    pub(crate) websocket: Option<String>,
    pub(crate) functions: Vec<TokenFunction>,
}

/// The tokens of a request, not validated yet.
#[derive(Clone, Default)]
pub(crate) struct FoundTokens {
    /// The one that a program or a script has sent.
    pub(crate) explicit: Option<SecretString>,
    /// The one that a browser may have sent automatically.
    pub(crate) by_browser: Option<SecretString>,
}

/// What was read from a request, or why it is rejected.
pub(crate) type TokenResult = Result<FoundTokens, RejectionKind>;

impl FoundTokens {
    fn add_explicit(&mut self, token: impl Into<SecretString>) -> Result<(), RejectionKind> {
        let token = token.into();
        // Clients use one method only (RFC 6750, section 2).
        if self.explicit.is_some() || token.expose_secret().is_empty() {
            return Err(RejectionKind::Malformed);
        }
        self.explicit = Some(within_limit(token)?);
        Ok(())
    }

    /// The source that was configured first takes precedence.
    fn add_by_browser(&mut self, token: SecretString) -> Result<(), RejectionKind> {
        if self.by_browser.is_none() && !token.expose_secret().is_empty() {
            self.by_browser = Some(within_limit(token)?);
        }
        Ok(())
    }
}

impl PartialEq for FoundTokens {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            explicit,
            by_browser,
        } = self;
        let is_same = |a: &Option<SecretString>, b: &Option<SecretString>| {
            a.as_ref().map(ExposeSecret::expose_secret)
                == b.as_ref().map(ExposeSecret::expose_secret)
        };
        is_same(explicit, &other.explicit) && is_same(by_browser, &other.by_browser)
    }
}

impl TokenSources {
    /// Reads the tokens of a request.
    pub(crate) fn read(&self, fief: &Fief, request: TokenRequest<'_>) -> TokenResult {
        let mut found = FoundTokens::default();
        match self.authorization(request.headers) {
            Bearer::Absent => {}
            Bearer::Malformed => return Err(RejectionKind::Malformed),
            Bearer::Token(token) => {
                let token = str::from_utf8(token).map_err(|_| RejectionKind::Malformed)?;
                found.add_explicit(token)?;
            }
            Bearer::TooLong => return Err(RejectionKind::Invalid),
        }
        if let Some(prefix) = &self.websocket
            && is_websocket(request)
        {
            for token in protocols(request.headers, prefix) {
                found.add_explicit(token)?;
            }
        }
        for function in &self.functions {
            let token = call_hook(|| function(request)).map_err(|panicked| {
                limited!(error, fief, error = %panicked, "a function of `token_source` failed: the request is rejected");
                RejectionKind::Misconfigured
            })?;
            match token {
                None => {}
                Some(FoundToken(Found::ByBrowser(token))) => found.add_by_browser(token)?,
                Some(FoundToken(Found::Explicit(token))) => found.add_explicit(token)?,
                Some(FoundToken(Found::Malformed)) => return Err(RejectionKind::Malformed),
            }
        }
        Ok(found)
    }

    fn authorization<'a>(&self, headers: &'a HeaderMap) -> Bearer<'a> {
        match &self.scheme {
            Some(scheme) => Bearer::with_scheme(headers, scheme.as_bytes()),
            None => Bearer::from_headers(headers),
        }
    }

    /// Corrects the headers of a response that depends on the tokens: it may depend on any header, and the WebSocket
    /// sub-protocol that it selects is not the one with the token.
    pub(crate) fn correct(&self, headers: &mut HeaderMap) {
        if !self.functions.is_empty() {
            headers.append(header::VARY, const { HeaderValue::from_static("*") });
        }
        let has_token = |prefix: &String| protocols(headers, prefix).next().is_some();
        if self.websocket.as_ref().is_some_and(has_token) {
            limited!(
                error,
                process,
                "a handler has selected the WebSocket sub-protocol with the token, which is not sent: select one of its \
                 own, such as `WebSocketUpgrade::protocols([\"chat\"])`"
            );
            headers.remove(header::SEC_WEBSOCKET_PROTOCOL);
        }
    }
}

/// Returns whether a request opens a WebSocket. With HTTP/2 it has no header for that
/// ([RFC 8441, section 4](https://www.rfc-editor.org/rfc/rfc8441#section-4)).
fn is_websocket(request: TokenRequest<'_>) -> bool {
    *request.method == Method::CONNECT || opens_websocket(request.headers)
}

/// Returns what follows the prefix in those WebSocket sub-protocols that begin with it.
fn protocols<'a>(headers: &'a HeaderMap, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let protocols = values.flat_map(|value| value.split(',')).map(str::trim);
    protocols.filter_map(move |protocol| protocol.strip_prefix(prefix))
}

fn within_limit(token: SecretString) -> Result<SecretString, RejectionKind> {
    if token.expose_secret().len() > MAX_LEN {
        Err(RejectionKind::Invalid)
    } else {
        Ok(token)
    }
}
