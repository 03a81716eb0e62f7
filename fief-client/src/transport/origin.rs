use url::{Host, ParseError, Url};

use crate::FiefError;

/// URL at which Fief is reached, by this program or by browsers: an origin and a path without a trailing slash.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    url: Url,
}

impl Origin {
    /// Parses a setting; `name` is its name for the error.
    pub(crate) fn parse(name: &str, text: &str, insecure_http: bool) -> Result<Self, FiefError> {
        let bad = |why: &str| FiefError::Configuration(format!("{name} {why}"));
        let begin = format!("must begin with https://, such as {EXAMPLE}");
        let mut url = Url::parse(text).map_err(|error| match error {
            // A URL without a scheme. "Relative URL without a base" would not help.
            ParseError::RelativeUrlWithoutBase => bad(&begin),
            error => bad(&format!("must be a URL, such as {EXAMPLE}: {error}")),
        })?;
        if !is_web(&url) {
            return Err(bad(&begin));
        }
        if is_http(&url) && !insecure_http && !is_loopback(&url) {
            return Err(bad(&format!(
                "{begin}; call insecure_http() to allow plain http"
            )));
        }
        if has_credentials(&url) {
            return Err(bad(&format!(
                "must not contain a user name or password: shorten it to a URL such as {EXAMPLE}"
            )));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad(&format!(
                "must not contain a query or fragment: shorten it to a URL such as {EXAMPLE}"
            )));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self { url })
    }

    /// Returns this URL with a path appended, which begins with a slash.
    pub(crate) fn with_path(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.path()));
        url
    }

    /// Returns the path and query of an absolute URL without this one's path. Its origin is ignored.
    pub(crate) fn strip_base(&self, endpoint: &str) -> Option<Endpoint> {
        let url = Url::parse(endpoint).ok()?;
        let plain = is_web(&url) && !has_credentials(&url) && url.fragment().is_none();
        let path = url.path().strip_prefix(self.path())?;
        (plain && path.starts_with('/')).then(|| Endpoint {
            path: path.to_owned(),
            query: url.query().map(str::to_owned),
        })
    }

    /// Returns the URL of an endpoint at this origin.
    pub(crate) fn resolve(&self, endpoint: &Endpoint) -> Url {
        let mut url = self.with_path(&endpoint.path);
        url.set_query(endpoint.query.as_deref());
        url
    }

    /// Returns the host, without the port.
    pub(crate) fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn is_http(&self) -> bool {
        is_http(&self.url)
    }

    fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }
}

/// Endpoint of the discovery document, without its origin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Endpoint {
    path: String,
    query: Option<String>,
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn is_http(url: &Url) -> bool {
    url.scheme() == "http"
}

fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Returns `true` if a URL's host is this machine: `localhost`, `*.localhost` or a loopback address.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

const EXAMPLE: &str = "https://fief.example.com";
