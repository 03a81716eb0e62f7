pub(crate) mod challenge;
pub(crate) mod kind;
pub(crate) mod page;

use std::{fmt, mem, sync::Arc};

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;

use crate::{RejectionKind, metrics};

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

pub(crate) type OnRejection = Arc<dyn Fn(Rejection) -> Response + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) kind: RejectionKind,
    pub(crate) is_navigation: bool,
    pub(crate) is_page: bool,
    pub(crate) login_url: Option<String>,
    pub(crate) challenge: Option<HeaderValue>,
    pub(crate) hook: Option<OnRejection>,
    pub(crate) is_reported: bool,
}

impl Rejection {
    pub(crate) fn new(inner: Inner) -> Self {
        Self {
            inner: Box::new(inner),
        }
    }

    /// The rejection of an extractor that nothing surrounds.
    pub(crate) fn misconfigured() -> Self {
        Self::new(Inner {
            kind: RejectionKind::Misconfigured,
            is_navigation: false,
            is_page: false,
            login_url: None,
            challenge: None,
            hook: None,
            is_reported: false,
        })
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

    fn default_response(self) -> Response {
        let rejected = *self.inner;
        if let Some(url) = &rejected.login_url {
            return Redirect::to(url).into_response();
        }
        let (status, description) = (rejected.kind.status(), rejected.kind.description());
        let mut response = if rejected.is_page {
            page::rejected(status, description)
        } else {
            let body = json!({ "error": rejected.kind.code(), "error_description": description });
            (status, axum::Json(body)).into_response()
        };
        let headers = response.headers_mut();
        if let Some(challenge) = rejected.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if rejected.kind == RejectionKind::Unavailable {
            headers.insert(header::RETRY_AFTER, page::RETRY_AFTER);
        }
        response
    }
}

impl IntoResponse for Rejection {
    fn into_response(mut self) -> Response {
        // Here, since an optional extractor may forgive it; and once, since the hook may ask for the answer it replaces.
        if !mem::replace(&mut self.inner.is_reported, true) {
            let code = self.inner.kind.code();
            tracing::debug!(error = code, "request rejected");
            metrics::rejection(code);
        }
        // The hook gets a rejection without a hook, so that it can ask for the answer that it replaces.
        match self.inner.hook.take() {
            Some(hook) => hook(self),
            None => self.default_response(),
        }
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("kind", self.kind())
            .finish_non_exhaustive()
    }
}
