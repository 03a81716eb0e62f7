//! Rejections of guards and extractors.

pub(crate) mod challenge;
pub(crate) mod kind;
pub(crate) mod page;

use std::{error::Error, fmt, mem, sync::Arc};

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;

use crate::{RejectionKind, metrics};

/// Rejection used by every guard and extractor of this crate.
///
/// As a response it depends on the request:
///
/// - A browser navigation is redirected to the login route if [`login`](crate::FiefAuthBuilder::login) is configured and
///   logging in helps (401). Otherwise the response is a small HTML page.
/// - Any other request gets JSON with `error` and `error_description`, and a `WWW-Authenticate` header
///   ([RFC 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)). `fetch` is never redirected.
///
/// [`FiefAuthBuilder::on_rejection`](crate::FiefAuthBuilder::on_rejection) replaces the response for the whole
/// application. A single handler can take an extractor as a `Result`:
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use fief_axum::{Authenticated, Rejection, RejectionKind};
///
/// async fn me(token: Result<Authenticated, Rejection>) -> Response {
///     match token {
///         Ok(token) => token.id().to_string().into_response(),
///         Err(rejection) if *rejection.kind() == RejectionKind::Expired => "Please log in again.".into_response(),
///         Err(rejection) => rejection.into_response(),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Rejection {
    // Boxed, so that the `Result` of every extractor stays small.
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

    /// Returns the rejection of an extractor without a layer or guard around it.
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

    /// Returns the path of the login route, with the query to return to this page afterwards, and to step up if required.
    ///
    /// `None` if the request is not a navigation, if logging in does not help, or if
    /// [`login`](crate::FiefAuthBuilder::login) is not configured.
    #[must_use]
    pub fn login_url(&self) -> Option<&str> {
        self.inner.login_url.as_deref()
    }

    /// Returns `true` if the request is a browser navigation, in contrast to `fetch` and API calls.
    #[must_use]
    pub fn is_navigation(&self) -> bool {
        self.inner.is_navigation
    }

    /// Returns the value of the `WWW-Authenticate` header, if there is one.
    ///
    /// A custom response with the status 401 must have this header as well
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
        // Not when it is created, since an optional extractor may drop it. Only once, since the hook may call this again.
        if !mem::replace(&mut self.inner.is_reported, true) {
            let code = self.inner.kind.code();
            tracing::debug!(error = code, "request rejected");
            metrics::rejection(code);
        }
        // The hook gets a rejection without a hook, so that it can use the default response.
        match self.inner.hook.take() {
            Some(hook) => hook(self),
            None => self.default_response(),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().description().trim_end_matches('.'))
    }
}

impl Error for Rejection {}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("kind", self.kind())
            .finish_non_exhaustive()
    }
}
