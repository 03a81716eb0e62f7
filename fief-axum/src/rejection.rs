use std::{fmt, mem};

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use fief_client::Requirements;
use serde_json::json;
use url::form_urlencoded;

use crate::{FiefAuth, RejectionKind, challenge::Remedy, head::Head, metrics, routes, site::Site};

/// A request that does not reach its handler, and why.
///
/// As a response it is what [`FiefAuthBuilder::on_rejection`](crate::FiefAuthBuilder::on_rejection) makes of it, else,
/// for a page that a browser shows where [`login`](crate::FiefAuthBuilder::login) is set up: a redirect to log in, or
/// a small page that says why. Everyone else gets JSON with `error` and `error_description`, and `WWW-Authenticate`.
#[derive(Clone)]
pub struct Rejection {
    // Small, since every guard and extractor may return one, and few do.
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: RejectionKind,
    is_navigation: bool,
    is_page: bool,
    login_url: Option<String>,
    challenge: Option<HeaderValue>,
    hook: Option<FiefAuth>,
    is_told: bool,
}

impl Rejection {
    pub(crate) fn new(
        auth: &FiefAuth,
        head: Head<'_>,
        kind: RejectionKind,
        required: &Requirements,
    ) -> Self {
        let is_navigation = head.is_navigation();
        let site = auth.site().filter(|_| is_navigation);
        let login_url = site
            .filter(|_| kind.is_login())
            .map(|site| login_url(site, head.page(), &kind, required));
        Self::from_inner(Inner {
            is_navigation,
            is_page: site.is_some(),
            challenge: match login_url {
                None => auth.challenge().header(&kind, required),
                Some(_) => None,
            },
            login_url,
            hook: auth.has_rejection_hook().then(|| auth.clone()),
            is_told: false,
            kind,
        })
    }

    /// The rejection of an extractor that nothing surrounds.
    pub(crate) fn misconfigured() -> Self {
        Self::from_inner(Inner {
            kind: RejectionKind::Misconfigured,
            is_navigation: false,
            is_page: false,
            login_url: None,
            challenge: None,
            hook: None,
            is_told: false,
        })
    }

    fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Box::new(inner),
        }
    }

    /// Returns why the request is rejected.
    #[must_use]
    pub fn kind(&self) -> &RejectionKind {
        &self.inner.kind
    }

    /// Returns where the visitor of a page can log in and come back from; none for API callers, and where logging in
    /// does not help.
    #[must_use]
    pub fn login_url(&self) -> Option<&str> {
        self.inner.login_url.as_deref()
    }

    /// Returns whether a browser shows the answer as a page: what an API caller and `fetch` ask for is not one.
    #[must_use]
    pub fn is_navigation(&self) -> bool {
        self.inner.is_navigation
    }

    /// Returns the `WWW-Authenticate` header of the answer to API callers, where there is one: an answer of the
    /// application's own with the status 401 needs it too
    /// ([RFC 9110, section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)).
    #[must_use]
    pub fn challenge(&self) -> Option<&HeaderValue> {
        self.inner.challenge.as_ref()
    }

    fn answer(self) -> Response {
        let rejected = *self.inner;
        if let Some(url) = &rejected.login_url {
            return Redirect::to(url).into_response();
        }
        let (status, description) = (rejected.kind.status(), rejected.kind.description());
        let mut response = if rejected.is_page {
            routes::rejected(status, description)
        } else {
            let body = json!({ "error": rejected.kind.code(), "error_description": description });
            (status, axum::Json(body)).into_response()
        };
        let headers = response.headers_mut();
        if let Some(challenge) = rejected.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if rejected.kind == RejectionKind::Unavailable {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

impl IntoResponse for Rejection {
    fn into_response(mut self) -> Response {
        // Here, since an optional extractor may forgive it; and once, since the hook may ask for the answer it replaces.
        if !mem::replace(&mut self.inner.is_told, true) {
            let code = self.inner.kind.code();
            tracing::debug!(error = code, "request rejected");
            metrics::rejection(code);
        }
        // The hook gets a rejection without a hook, so that it can ask for the answer that it replaces.
        match self.inner.hook.take() {
            Some(auth) => auth.reject(self),
            None => self.answer(),
        }
    }
}

/// Where to log in and come back from; for a step-up, at the level and age that are required.
fn login_url(site: &Site, page: &str, kind: &RejectionKind, required: &Requirements) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    // A page that the login would not come back to is not carried along, however long it is.
    query.extend_pairs(site.return_to(page).map(|page| ("return_to", page)));
    let Remedy {
        // The application's own, which every login asks for.
        scope: _,
        acr,
        max_age,
    } = Remedy::new(kind, required);
    query.extend_pairs(acr.map(|acr| ("acr", acr)));
    query.extend_pairs(max_age.map(|max_age| ("max_age", max_age)));
    let (path, query) = (site.login_path(), query.finish());
    if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("kind", self.kind())
            .finish_non_exhaustive()
    }
}
