use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use url::form_urlencoded;

use crate::{FiefAuthBuilder, site::Site};

/// A page of the login routes: what happened, and where to go on.
///
/// As a response it is a plain page in English.
/// [`FiefAuthBuilder::on_login_page`](crate::FiefAuthBuilder::on_login_page) replaces it.
#[derive(Clone, Debug)]
pub struct LoginPage {
    kind: LoginPageKind,
    link: String,
    form_target: Option<String>,
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

impl FiefAuthBuilder {
    /// Replaces the pages of the login routes. Default: [`LoginPage`]'s own.
    ///
    /// ```
    /// # use axum::response::{Html, IntoResponse};
    /// # use fief_axum::{FiefAuth, LoginPageKind};
    /// # use fief_client::Fief;
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = FiefAuth::builder(fief).on_login_page(|page| match page.kind() {
    ///     LoginPageKind::Denied => {
    ///         let html = format!("Not today? <a href=\"{}\">Log in</a>", page.link());
    ///         (page.kind().status(), Html(html)).into_response()
    ///     }
    ///     _ => page.into_response(),
    /// });
    /// # let _ = auth;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn on_login_page<F, R>(mut self, answer: F) -> Self
    where
        F: Fn(LoginPage) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        self.on_login_page = Some(Box::new(move |page| answer(page).into_response()));
        self
    }
}

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
            _ if link.is_empty() => String::new(),
            _ => format!("<p><a href=\"{link}\">Log in</a></p>"),
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
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// A page that offers a new login, with the page to come back to.
pub(super) fn show(site: &Site, kind: LoginPageKind, return_to: Option<&str>) -> Response {
    // Serialised pairs and the paths of a route have no characters that HTML gives a meaning to.
    let mut link = site.login_path();
    if let Some(return_to) = return_to {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("return_to", return_to);
        link = format!("{link}?{}", query.finish());
    }
    if let LoginPageKind::Failed | LoginPageKind::Looping = kind {
        link.clear();
    }
    site.show(LoginPage {
        kind,
        link,
        form_target: None,
    })
}

/// The question whether to log out, from where the browser goes on to this Fief.
pub(super) fn log_out(site: &Site, fief: String) -> Response {
    let page = site.show(LoginPage {
        kind: LoginPageKind::LogOut,
        link: site.logout_path(),
        form_target: Some(fief),
    });
    // With `no-referrer` the form's `Origin` would be `null`, and the question asked again for ever.
    ([(header::REFERRER_POLICY, "same-origin")], page).into_response()
}

/// A page of the application's that this visitor does not get.
pub(crate) fn rejected(status: StatusCode, text: &str) -> Response {
    page(
        status,
        status.canonical_reason().unwrap_or("Error"),
        text,
        "",
    )
}

/// All text is written here; of a request nothing but an encoded link is ever in it.
fn page(status: StatusCode, title: &str, text: &str, action: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style><main><h1>{title}</h1><p>{text}</p>{action}</main></html>"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    (status, headers, Html(html)).into_response()
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;\
    margin:0;color:#222;background:#f6f6f4}main{max-width:26rem;padding:2rem;background:#fff;\
    border-radius:.75rem;box-shadow:0 1px 8px #0002}h1{margin:0 0 .5rem;font-size:1.25rem}\
    a,button{color:#1a5fb4;font:inherit}";
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
