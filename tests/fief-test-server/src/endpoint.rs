use axum::http::Method;

use crate::state::DEFAULT_SLUG;

/// An endpoint of the server, which has a request counter and faults of its own.
///
/// Tenants share them: a request to `/second/api/token` is one to [`Endpoint::Token`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `GET /authorize`
    Authorize,
    /// `GET` and `POST /consent`
    Consent,
    /// `GET /`, where a login without an application ends
    Dashboard,
    /// `GET /.well-known/openid-configuration`
    Discovery,
    /// `PATCH /api/email/change`
    EmailChange,
    /// `POST /api/email/verify`
    EmailVerify,
    /// `GET /.well-known/jwks.json`
    Jwks,
    /// `GET` and `POST /login`
    Login,
    /// `GET /logout`
    Logout,
    /// `PATCH /api/password`
    Password,
    /// `PATCH /api/profile`
    Profile,
    /// `GET` and `POST /register`
    Register,
    /// `POST /api/token`
    Token,
    /// `GET` and `POST /api/userinfo`
    Userinfo,
    /// `GET` and `POST /verify`
    Verify,
    /// `GET /verify-request`
    VerifyRequest,
}

impl Endpoint {
    /// Splits a path into the tenant's slug, empty for the default tenant, and the endpoint.
    /// The default tenant has a slug too, which changes nothing.
    pub(crate) fn find(path: &str) -> Option<(&str, Self)> {
        if let Some(endpoint) = Self::from_path(path) {
            return Some(("", endpoint));
        }
        let (slug, rest) = path.strip_prefix('/')?.split_once('/')?;
        let rest = path.get(path.len() - rest.len() - 1..)?;
        let slug = if slug == DEFAULT_SLUG { "" } else { slug };
        Some((slug, Self::from_path(rest)?))
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
            "/login" => Self::Login,
            "/logout" => Self::Logout,
            "/register" => Self::Register,
            "/verify" => Self::Verify,
            "/verify-request" => Self::VerifyRequest,
            _ => return None,
        })
    }

    /// The allowed methods, as in the `Allow` header.
    pub(crate) fn allow(self) -> &'static str {
        match self {
            Self::Authorize
            | Self::Dashboard
            | Self::Discovery
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

    /// Returns `true` if CORS allows any origin.
    pub(crate) fn allows_any_origin(self) -> bool {
        matches!(
            self,
            Self::Discovery
                | Self::EmailChange
                | Self::EmailVerify
                | Self::Jwks
                | Self::Password
                | Self::Profile
                | Self::Token
                | Self::Userinfo
        )
    }
}
