use axum::http::{HeaderName, Method, header};
use fief_client::Requirements;

use crate::{
    RejectionKind,
    request::{caller::Caller, head::RequestHead},
    routes::config::LoginConfig,
};

/// Where a rejected browser can go: paths with a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// The login route, if logging in or stepping up helps.
    pub(crate) login: Option<String>,
    /// The login route, to log in as a different user.
    pub(crate) other_user: Option<String>,
    /// The page with the form that was submitted.
    pub(crate) form: Option<String>,
    /// The page itself, if it may be available later.
    pub(crate) retry: Option<String>,
}

impl Links {
    pub(crate) fn new(
        site: &LoginConfig,
        head: RequestHead<'_>,
        caller: Caller,
        kind: &RejectionKind,
        required: &Requirements,
    ) -> Self {
        let (page, is_form) = match caller {
            // A program cannot log in by a link.
            Caller::Api | Caller::Grpc => return Self::default(),
            Caller::Form => (form_page(site, head), true),
            Caller::Htmx => (htmx_page(site, head), false),
            Caller::Page => (site.own_page(&site.address.page_of(head)), false),
        };
        let login = kind.is_login();
        let other_user = kind.depends_on_user();
        let login = login.then(|| site.login_url(page.as_deref(), kind, required));
        let other_user = other_user.then(|| site.other_user_url(page.as_deref()));
        let can_retry = caller == Caller::Page && *kind == RejectionKind::Unavailable;
        let retry = page.clone().filter(|_| can_retry);
        let form = is_form.then(|| page.unwrap_or_else(|| site.after_login.clone()));
        Self {
            login,
            other_user,
            form,
            retry,
        }
    }
}

/// Returns the page with the form that was submitted. A `Referer` without a path
/// does not say which one that is.
fn form_page(site: &LoginConfig, head: RequestHead<'_>) -> Option<String> {
    let page = site.page_of(head.header(&header::REFERER)?)?;
    (page != "/").then_some(page)
}

/// Returns the page that htmx runs in. A boosted link opens another one.
fn htmx_page(site: &LoginConfig, head: RequestHead<'_>) -> Option<String> {
    let is_boosted = head.header(&HX_BOOSTED) == Some("true");
    if is_boosted && *head.method == Method::GET {
        site.own_page(&site.address.page_of(head))
    } else {
        site.page_of(head.header(&HX_CURRENT_URL)?)
    }
}

static HX_BOOSTED: HeaderName = HeaderName::from_static("hx-boosted");
static HX_CURRENT_URL: HeaderName = HeaderName::from_static("hx-current-url");
