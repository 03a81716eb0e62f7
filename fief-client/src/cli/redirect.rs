use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use crate::{AuthorizationResponse, FiefError, cli::FiefAuthError, crypto};

/// Address at which the browser ends a login, on this machine.
#[derive(Clone, Debug)]
pub(super) struct RedirectUri {
    url: Url,
    port: u16,
}

/// What the end of a login is compared with.
pub(super) struct Expected {
    pub(super) redirect_uri: RedirectUri,
    pub(super) state: SecretString,
}

/// What an address is to a login.
pub(super) enum Redirect {
    /// It ends the login.
    Ends(Result<AuthorizationResponse, FiefAuthError>),
    /// It does not have the login's state, so anything may have sent it.
    Foreign,
}

impl RedirectUri {
    pub(super) fn parse(text: &str) -> Result<Self, FiefError> {
        let url = Url::parse(text).ok().filter(is_loopback_uri);
        let url = url.ok_or_else(|| {
            FiefError::Configuration(format!(
                "redirect_uri must be an address of this machine, such as {DEFAULT_REDIRECT_URI}"
            ))
        })?;
        let port = url.port_or_known_default().unwrap_or_default();
        Ok(Self { url, port })
    }

    /// Returns the same address with the port that was listened on.
    pub(super) fn with_port(mut self, port: u16) -> Self {
        // It has a host, so it can have a port.
        let _ = self.url.set_port(Some(port));
        self.port = port;
        self
    }

    pub(super) fn as_str(&self) -> &str {
        self.url.as_str()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Returns `true` if a `Host` header names this machine.
    ///
    /// Others come from pages whose name was made to resolve to this machine (DNS rebinding).
    pub(super) fn is_host(&self, host: &str) -> bool {
        ["127.0.0.1", "localhost"].iter().any(|name| {
            host.eq_ignore_ascii_case(&format!("{name}:{}", self.port))
                || (self.port == 80 && host.eq_ignore_ascii_case(name))
        })
    }

    pub(super) fn is_path(&self, path: &str) -> bool {
        path == self.url.path()
    }

    /// Returns the query of an address that was pasted, if it is this address.
    pub(super) fn query_of(&self, address: &str) -> Option<String> {
        let mut address = Url::parse(address.trim()).ok()?;
        let query = address.query()?.to_owned();
        address.set_query(None);
        (address == self.url).then_some(query)
    }
}

impl Expected {
    /// Compares the query of a request to the redirect URI with the login's state.
    pub(super) fn compare(&self, query: &str) -> Redirect {
        let values = |name: &'static str| {
            form_urlencoded::parse(query.as_bytes())
                .filter(move |(key, _)| key == name)
                .map(|(_, value)| value)
        };
        let mut states = values("state");
        let (state, repeated) = (states.next(), states.next());
        let is_ours = state.is_some_and(|state| crypto::equal(&state, self.state.expose_secret()));
        if !is_ours || repeated.is_some() {
            return Redirect::Foreign;
        }
        if values("code").next().is_none() && values("error").next().is_none() {
            return Redirect::Ends(Err(FiefAuthError::AuthorizationCodeMissing));
        }
        Redirect::Ends(AuthorizationResponse::parse(query).map_err(FiefAuthError::Fief))
    }

    /// Compares an address that was pasted with the redirect URI, and with the login's state.
    pub(super) fn pasted(&self, address: &str) -> Redirect {
        match self.redirect_uri.query_of(address) {
            Some(query) => self.compare(&query),
            None => Redirect::Foreign,
        }
    }
}

/// Returns the login that a pasted address ends, if any.
#[cfg(fuzzing)]
pub(crate) fn pasted(
    redirect_uri: &str,
    state: &str,
    address: &str,
) -> Option<Result<AuthorizationResponse, FiefAuthError>> {
    let expected = Expected {
        redirect_uri: RedirectUri::parse(redirect_uri).ok()?,
        state: state.into(),
    };
    match expected.pasted(address) {
        Redirect::Ends(response) => Some(response),
        Redirect::Foreign => None,
    }
}

/// Returns `true` if this machine can listen on a URI, and no other one.
fn is_loopback_uri(url: &Url) -> bool {
    url.scheme() == "http"
        && matches!(url.host_str(), Some("127.0.0.1" | "localhost"))
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

/// The port is the one of Fief's Python client.
pub(super) const DEFAULT_REDIRECT_URI: &str = "http://127.0.0.1:51562/callback";
