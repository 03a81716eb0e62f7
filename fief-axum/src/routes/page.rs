use std::{fmt, time::Duration};

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use crate::{
    rejection::page::{OTHER_USER, POLICY, escaped, link as link_to, page},
    request::owned::OwnedHead,
};

/// Page of the login routes: what went wrong and how to continue, or the
/// confirmation of a logout.
///
/// As a response it is a plain page in English, with the status of its
/// [`kind`](Self::kind). Replace it with
/// [`FiefAuthBuilder::on_login_page`](crate::FiefAuthBuilder::on_login_page),
/// which has an example.
#[derive(Clone)]
pub struct LoginPage {
    pub(super) kind: LoginPageKind,
    pub(super) link: String,
    /// The link to log in as a different user, if that may help.
    pub(super) other_user: Option<String>,
    pub(super) app_url: String,
    pub(super) request: OwnedHead,
    /// The origin that the form of the page is redirected to.
    pub(super) form_target: Option<String>,
    /// In whole seconds, if the kind can be retried.
    pub(super) retry_after: Duration,
}

/// Kind of a [`LoginPage`]: why it is shown.
///
/// The number is the [`status`](Self::status) of the response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LoginPageKind {
    /// 400: the user cancelled the login, or is inactive.
    Denied,
    /// 500: the login failed because of an error of the application, such as a
    /// wrong client secret. The cause is logged.
    Failed,
    /// 502: Fief issued tokens that are not valid for this login. The cause is
    /// logged.
    InvalidTokens,
    /// 200: the user has to confirm the logout. The page must have a form that
    /// posts to [`LoginPage::link`].
    LogOut,
    /// 503: the user is logged out here, but the session store is unavailable,
    /// so other machines may accept the session until it is back. The page
    /// links to Fief's logout.
    LogoutIncomplete,
    /// 429: a redirect loop, since the browser logged in five times within a
    /// minute, and no response with status 2xx has accepted a session since. For a
    /// silent login (`prompt=none`), see
    /// [`FiefAuth::has_silent_login_failed`](crate::FiefAuth::has_silent_login_failed).
    Looping,
    /// 400: the login has expired, was already used, or was started in another
    /// browser or at another address than [`LoginPage::app_url`]. A browser that has
    /// a session is redirected to the page after the login instead.
    Expired,
    /// 400: Fief rejected the login.
    Rejected,
    /// 503: Fief or the session store is unavailable, or too many logins are in
    /// progress.
    Unavailable,
}

/// The hook of `FiefAuthBuilder::on_login_page`.
pub(crate) type OnLoginPage = Box<dyn Fn(LoginPage) -> Response + Send + Sync>;

impl LoginPage {
    /// Returns why the page is shown.
    #[must_use]
    pub fn kind(&self) -> LoginPageKind {
        self.kind
    }

    /// Returns the path and query that the page links to.
    ///
    /// It starts a new login, which returns to the page that the user wanted to
    /// see. For [`LoginPageKind::Unavailable`] it is the callback that was
    /// requested, if that can still finish the login, with the code in its query:
    /// do not log it. For [`LoginPageKind::LogOut`] it is the action of the form, and for
    /// [`LoginPageKind::LogoutIncomplete`] Fief's own logout. It is empty if logging in again does not help
    /// ([`Failed`](LoginPageKind::Failed)).
    ///
    /// It needs no escaping in an HTML attribute in double quotes.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Returns the path and query to log in as a different user and return to the page that the user wanted to see. `None`
    /// if that does not help: for all kinds but [`LoginPageKind::Denied`] and [`LoginPageKind::Rejected`].
    ///
    /// It needs no escaping in an HTML attribute in double quotes.
    #[must_use]
    pub fn other_user_link(&self) -> Option<&str> {
        self.other_user.as_deref()
    }

    /// Returns the `app_url` of [`FiefAuthBuilder::login`](crate::FiefAuthBuilder::login), without a trailing slash:
    /// a login that is started at another address, such as `www`, does not succeed.
    ///
    /// It may need escaping in HTML.
    #[must_use]
    pub fn app_url(&self) -> &str {
        &self.app_url
    }

    /// Returns after how long the same request may succeed. `None` if it cannot.
    ///
    /// The response has it as the header `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.kind.can_be_retried().then_some(self.retry_after)
    }

    /// Returns the headers that a custom page needs as well: `Retry-After`, if the default page has it.
    #[must_use]
    pub fn response_headers(&self) -> HeaderMap {
        let after = self.retry_after();
        let after = after.map(|after| (header::RETRY_AFTER, after.as_secs().into()));
        after.into_iter().collect()
    }

    /// Returns the method of the request.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.request.method
    }

    /// Returns the URI of the request, with the prefixes that nested routers
    /// strip. At the callback its query is secret: do not log it.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.request.uri
    }

    /// Returns the headers of the request. They contain its cookies: do not log
    /// them.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.request.headers
    }

    /// Returns the languages that the user prefers, such as `fr-CH`, in order of
    /// preference. See [`Rejection::languages`](crate::Rejection::languages).
    #[must_use]
    pub fn languages(&self) -> Vec<&str> {
        self.request.languages()
    }
}

impl fmt::Debug for LoginPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginPage")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl LoginPageKind {
    /// Returns the status of the response.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Denied | Self::Expired | Self::Rejected => StatusCode::BAD_REQUEST,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::InvalidTokens => StatusCode::BAD_GATEWAY,
            Self::LogOut => StatusCode::OK,
            Self::Looping => StatusCode::TOO_MANY_REQUESTS,
            Self::LogoutIncomplete | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns whether logging in again may help, so that the page has a link.
    pub(super) fn links_to_login(self) -> bool {
        match self {
            Self::Denied
            | Self::Expired
            | Self::InvalidTokens
            | Self::Looping
            | Self::Rejected
            | Self::Unavailable => true,
            Self::Failed | Self::LogOut | Self::LogoutIncomplete => false,
        }
    }

    /// Returns whether the same request may succeed later.
    fn can_be_retried(self) -> bool {
        match self {
            Self::Looping | Self::Unavailable => true,
            Self::Denied
            | Self::Failed
            | Self::InvalidTokens
            | Self::LogOut
            | Self::LogoutIncomplete
            | Self::Expired
            | Self::Rejected => false,
        }
    }

    /// Returns whether a different user may be able to log in.
    pub(super) fn depends_on_user(self) -> bool {
        match self {
            Self::Denied | Self::Rejected => true,
            Self::Expired
            | Self::Failed
            | Self::InvalidTokens
            | Self::LogOut
            | Self::LogoutIncomplete
            | Self::Looping
            | Self::Unavailable => false,
        }
    }

    /// Returns what happened, as an English heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Denied | Self::Rejected => "Not logged in",
            Self::Failed | Self::InvalidTokens | Self::Looping => "Login failed",
            Self::LogOut => "Log out?",
            Self::LogoutIncomplete => "Logged out on this server",
            Self::Expired => "Please log in again",
            Self::Unavailable => "Temporarily unavailable",
        }
    }

    /// Returns what happened and what the user can do: one or two English sentences.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Denied => "Access was denied. You can log in again, or with another account.",
            Self::Failed => {
                "The login failed because of an error on this site. Please contact its operator."
            }
            Self::InvalidTokens => {
                "This site cannot accept what the authentication server sent. You can try again."
            }
            Self::LogOut => "Please confirm that you want to log out.",
            Self::LogoutIncomplete => {
                "Other servers of this site may accept your session for some minutes, since its \
                 session store is unavailable."
            }
            Self::Looping => {
                "You were redirected to the login too many times. Please try again in a minute."
            }
            Self::Expired => {
                "The login has expired, was already used, or was started in another browser or at \
                 another address."
            }
            Self::Rejected => "The authentication server rejected the login. You can try again.",
            Self::Unavailable => {
                "The login is temporarily unavailable. Please try again in a moment."
            }
        }
    }
}

impl IntoResponse for LoginPage {
    fn into_response(self) -> Response {
        let link = self.link.replace('&', "&amp;");
        let action = match self.kind {
            LoginPageKind::LogOut => {
                format!("<form method=\"post\" action=\"{link}\"><button>Log out</button></form>")
            }
            LoginPageKind::LogoutIncomplete => {
                format!("<p><a href=\"{link}\">Continue to log out everywhere</a></p>")
            }
            LoginPageKind::Failed => {
                let app_url = escaped(&self.app_url);
                format!("<p><a href=\"{app_url}\">Go to the start page</a></p>")
            }
            LoginPageKind::Expired => {
                let app_url = escaped(&self.app_url);
                format!("<p><a href=\"{link}\">Log in at {app_url}</a></p>")
            }
            LoginPageKind::Denied | LoginPageKind::Rejected => {
                let other_user = link_to(self.other_user.as_deref(), OTHER_USER);
                format!("<p><a href=\"{link}\">Log in</a></p>{other_user}")
            }
            LoginPageKind::InvalidTokens | LoginPageKind::Looping | LoginPageKind::Unavailable => {
                format!("<p><a href=\"{link}\">Try again</a></p>")
            }
        };
        let (kind, retry_headers) = (self.kind, self.response_headers());
        let mut response = page(kind.status(), kind.title(), kind.description(), &action);
        let headers = response.headers_mut();
        // Browsers apply `form-action` to the redirect to Fief as well.
        let policy = self
            .form_target
            .map(|fief| format!("{POLICY}; form-action 'self' {fief}"));
        if let Some(Ok(policy)) = policy.map(HeaderValue::try_from) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        headers.extend(retry_headers);
        response
    }
}
