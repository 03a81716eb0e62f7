use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::rejection::page::{POLICY, RETRY_AFTER, page};

/// A page of the login routes: what happened, and where to go on.
///
/// As a response it is a plain page in English.
/// [`FiefAuthBuilder::on_login_page`](crate::FiefAuthBuilder::on_login_page) replaces it.
#[derive(Clone, Debug)]
pub struct LoginPage {
    pub(super) kind: LoginPageKind,
    pub(super) link: String,
    pub(super) form_target: Option<String>,
}

/// What a page of the login routes says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LoginPageKind {
    /// 400: the user, or somebody at Fief, does not want it.
    Denied,
    /// 500: the application cannot log anyone in. The log says why.
    Failed,
    /// 200: the question whether to log out. [`LoginPage::link`] wants a form's POST.
    LogOut,
    /// 429: logins follow each other as nobody makes them, so that something sends the browser round in circles.
    Looping,
    /// 400: the login has expired, is used up, or was begun elsewhere.
    NotBegun,
    /// 400: Fief refused the login.
    Refused,
    /// 503: Fief, or the session store, is away.
    Unavailable,
}

pub(crate) type OnLoginPage = Box<dyn Fn(LoginPage) -> Response + Send + Sync>;

impl LoginPage {
    /// Returns what the page says.
    #[must_use]
    pub fn kind(&self) -> LoginPageKind {
        self.kind
    }

    /// Returns where to go on, fit for an attribute of HTML in double quotes: to log in, or for
    /// [`LoginPageKind::LogOut`] where to post a form to.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.link
    }
}

impl LoginPageKind {
    /// Returns the status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Denied | Self::NotBegun | Self::Refused => StatusCode::BAD_REQUEST,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::LogOut => StatusCode::OK,
            Self::Looping => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Denied | Self::Refused => "Not logged in",
            Self::Failed | Self::Looping => "Login failed",
            Self::LogOut => "Log out?",
            Self::NotBegun => "Please log in again",
            Self::Unavailable => "Not available",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Denied => "Access was denied.",
            Self::Failed => "The application cannot log you in.",
            Self::LogOut => "You are about to log out.",
            Self::Looping => {
                "You were logged in several times in a row, without effect. Try again in a minute."
            }
            Self::NotBegun => "This login has expired or was begun elsewhere.",
            Self::Refused => "The authentication server refused the login.",
            Self::Unavailable => {
                "The authentication server does not answer. Try again in a moment."
            }
        }
    }
}

impl IntoResponse for LoginPage {
    fn into_response(self) -> Response {
        let link = &self.link;
        let action = match self.kind {
            LoginPageKind::LogOut => {
                format!("<form method=\"post\" action=\"{link}\"><button>Log out</button></form>")
            }
            // Where logging in again does not help.
            LoginPageKind::Failed | LoginPageKind::Looping => String::new(),
            LoginPageKind::Denied
            | LoginPageKind::NotBegun
            | LoginPageKind::Refused
            | LoginPageKind::Unavailable => {
                format!("<p><a href=\"{link}\">Log in</a></p>")
            }
        };
        let kind = self.kind;
        let mut response = page(kind.status(), kind.title(), kind.text(), &action);
        let headers = response.headers_mut();
        // A form may be sent on to Fief only where the page's policy says so.
        let policy = self
            .form_target
            .map(|fief| format!("{POLICY}; form-action 'self' {fief}"));
        if let Some(Ok(policy)) = policy.map(HeaderValue::try_from) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if let LoginPageKind::Unavailable | LoginPageKind::Looping = kind {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}
