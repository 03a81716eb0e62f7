//! The endpoints, with their paths and methods.

use std::{fmt, str::FromStr};

use axum::http::Method;

use crate::state::DEFAULT_SLUG;

/// Endpoint of the server, with its own request counter and faults.
///
/// Tenants share them: a request to `/second/api/token` is one to [`Endpoint::Token`]. Requests to
/// other paths are not counted.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use fief_test_server::{Endpoint, Fault, FiefTestServer};
///
/// let server = FiefTestServer::start().await;
/// for endpoint in [Endpoint::Discovery, Endpoint::Jwks] {
///     server.fault(endpoint, Fault::status(500));
///     assert_eq!(server.requests(endpoint), 0);
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `GET /authorize`, which starts a login.
    Authorize,
    /// `GET` and `POST /consent`, which redirects to the application with a code.
    Consent,
    /// `GET /`, where a login without an application ends.
    Dashboard,
    /// `GET /.well-known/openid-configuration`, the discovery document.
    Discovery,
    /// `PATCH /api/email/change`, which sends a code to a new e-mail address.
    EmailChange,
    /// `POST /api/email/verify`, which takes that code and changes the address.
    EmailVerify,
    /// `GET /healthz`, the health check, which no tenant has.
    Health,
    /// `GET /.well-known/jwks.json`, the public keys.
    Jwks,
    /// `GET` and `POST /login`, the login page.
    Login,
    /// `GET /logout`, which ends the browser's session with Fief.
    Logout,
    /// `PATCH /api/password`, which changes the password.
    Password,
    /// `PATCH /api/profile`, which changes the user fields.
    Profile,
    /// `GET` and `POST /register`, the registration page.
    Register,
    /// `POST /api/token`, for codes and refresh tokens.
    Token,
    /// `GET` and `POST /api/userinfo`, the user of an access token.
    Userinfo,
    /// `GET` and `POST /verify`, the page for the code that verifies an e-mail address.
    Verify,
    /// `GET /verify-request`, which sends that code if the address is not verified.
    VerifyRequest,
}

impl Endpoint {
    /// All endpoints.
    pub const ALL: &'static [Self] = &[
        Self::Authorize,
        Self::Consent,
        Self::Dashboard,
        Self::Discovery,
        Self::EmailChange,
        Self::EmailVerify,
        Self::Health,
        Self::Jwks,
        Self::Login,
        Self::Logout,
        Self::Password,
        Self::Profile,
        Self::Register,
        Self::Token,
        Self::Userinfo,
        Self::Verify,
        Self::VerifyRequest,
    ];

    /// Returns the tenant's slug and the endpoint of a path.
    ///
    /// The slug of the default tenant is returned as the empty string, even if it is in the path.
    pub(crate) fn find(path: &str) -> Option<(&str, Self)> {
        if let Some(endpoint) = Self::from_path(path) {
            return Some(("", endpoint));
        }
        let (slug, rest) = path.strip_prefix('/')?.split_once('/')?;
        let rest = path.get(path.len() - rest.len() - 1..)?;
        let slug = if slug == DEFAULT_SLUG { "" } else { slug };
        let endpoint = Self::from_path(rest).filter(|it| *it != Self::Health)?;
        Some((slug, endpoint))
    }

    fn from_path(path: &str) -> Option<Self> {
        Some(match path {
            "/" => Self::Dashboard,
            "/.well-known/jwks.json" => Self::Jwks,
            "/.well-known/openid-configuration" => Self::Discovery,
            "/api/email/change" => Self::EmailChange,
            "/api/email/verify" => Self::EmailVerify,
            "/api/password" => Self::Password,
            "/api/profile" => Self::Profile,
            "/api/token" => Self::Token,
            "/api/userinfo" => Self::Userinfo,
            "/authorize" => Self::Authorize,
            "/consent" => Self::Consent,
            "/healthz" => Self::Health,
            "/login" => Self::Login,
            "/logout" => Self::Logout,
            "/register" => Self::Register,
            "/verify" => Self::Verify,
            "/verify-request" => Self::VerifyRequest,
            _ => return None,
        })
    }

    /// Returns the allowed methods, as in the `Allow` header.
    pub(crate) fn allow(self) -> &'static str {
        match self {
            Self::Authorize
            | Self::Dashboard
            | Self::Discovery
            | Self::Health
            | Self::Jwks
            | Self::Logout
            | Self::VerifyRequest => "GET",
            Self::Consent | Self::Login | Self::Register | Self::Userinfo | Self::Verify => {
                "GET, POST"
            }
            Self::EmailChange | Self::Password | Self::Profile => "PATCH",
            Self::EmailVerify | Self::Token => "POST",
        }
    }

    pub(crate) fn allows(self, method: &Method) -> bool {
        self.allow().split(", ").any(|name| name == method.as_str())
    }
}

/// Writes the name in snake case, such as `email_change`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authorize => "authorize",
            Self::Consent => "consent",
            Self::Dashboard => "dashboard",
            Self::Discovery => "discovery",
            Self::EmailChange => "email_change",
            Self::EmailVerify => "email_verify",
            Self::Health => "health",
            Self::Jwks => "jwks",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Password => "password",
            Self::Profile => "profile",
            Self::Register => "register",
            Self::Token => "token",
            Self::Userinfo => "userinfo",
            Self::Verify => "verify",
            Self::VerifyRequest => "verify_request",
        })
    }
}

/// Parses the name in snake case.
impl FromStr for Endpoint {
    type Err = UnknownEndpoint;

    fn from_str(name: &str) -> Result<Self, UnknownEndpoint> {
        let mut all = Self::ALL.iter().copied();
        all.find(|endpoint| endpoint.to_string() == name)
            .ok_or(UnknownEndpoint)
    }
}

/// Error of parsing an [`Endpoint`].
#[derive(Clone, Copy, Debug)]
pub struct UnknownEndpoint;

impl fmt::Display for UnknownEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown endpoint")
    }
}

impl std::error::Error for UnknownEndpoint {}
