//! Rejections of guards and extractors.

pub(crate) mod challenge;
mod grpc;
mod html;
pub(crate) mod kind;
pub(crate) mod links;
pub(crate) mod page;
pub(crate) mod rejected;

use std::{error::Error, fmt, mem, sync::Arc};

use axum::{
    http::{HeaderMap, HeaderValue, Method, Uri},
    response::{IntoResponse, Response},
};
use fief_client::{Fief, FiefAccessTokenInfo, FiefUserInfo};

use self::{links::Links, rejected::Rejected};
use crate::{
    RejectionKind,
    catch_panic::call_hook,
    log::limited,
    metrics,
    request::{caller::Caller, head::RequestHead, owned::OwnedHead},
    user::Users,
};

/// Rejection used by every guard and extractor of this crate.
///
/// # Responses
///
/// As a response it depends on the caller. The first line of this table that applies counts:
///
/// | Caller | Recognized by | Response |
/// | --- | --- | --- |
/// | gRPC | `Content-Type: application/grpc…` | 200 with `grpc-status` and `grpc-message`, as trailers only |
/// | htmx | `HX-Request: true` | the status with a small HTML fragment, and `HX-Redirect` to the login if logging in helps |
/// | form | `Sec-Fetch-Mode: navigate`, else `Accept: text/html` and the content type of a form; not GET, HEAD and OPTIONS | the status with a page |
/// | page | GET with `Sec-Fetch-Mode: navigate`, else `Accept: text/html` | 303 to the login if logging in helps, otherwise the status with a page |
/// | API | anything else, such as `fetch` | the status with JSON: `error` and `error_description` |
///
/// Browsers send `Sec-Fetch-Mode` to https and loopback addresses. Without it, a script that says `X-Requested-With:
/// XMLHttpRequest` is an API caller.
///
/// Whether logging in helps, and what the response says, depends on the [`RejectionKind`]:
///
/// | Kind | Status | `error` | `grpc-status` | Browsers are offered |
/// | --- | --- | --- | --- | --- |
/// | `MissingCredentials` | 401 | `unauthorized` | 16 | a login |
/// | `Denied`, `Expired`, `Invalid` | 401 | `invalid_token` | 16 | a login |
/// | `AcrTooLow`, `AuthTooOld` | 401 | `insufficient_user_authentication` | 16 | a login that requests the level or the age (step-up) |
/// | `MissingPermission` | 403 | `insufficient_permissions` | 7 | a login as a different user |
/// | `MissingScope` | 403 | `insufficient_scope` | 7 | a login as a different user |
/// | `Forbidden` | 403 | `forbidden` | 7 | a login as a different user |
/// | `CrossSite` | 403 | `cross_site_request` | 7 | – |
/// | `Malformed` | 400 | `invalid_request` | 3 | – |
/// | `Misconfigured` | 500 | `server_error` | 13 | – |
/// | `Unavailable` | 503 with `Retry-After` | `temporarily_unavailable` | 14 | a link to try again |
///
/// The page of a form says that what was entered was not saved, and links back to the page with the form.
///
/// After the login, a browser returns to the page that it opened; from a form to the page of the form, which is a
/// `Referer` of this site with a path; from htmx to the page that it runs in, which is an `HX-Current-URL` of this site,
/// or to the page that a boosted link opens. Otherwise it returns to the
/// [default page](crate::FiefAuthBuilder::after_login).
///
/// Logins are offered only if [`login`](crate::FiefAuthBuilder::login) is configured. Without it, htmx and forms get
/// the same response without links, and a page gets the JSON of an API caller.
///
/// A prefetch of a page that leads to the login is rejected with 503 and `Cache-Control: no-store`: browsers and libraries
/// do not keep it for the click on the link.
///
/// Each response but a redirect and those for gRPC has a `WWW-Authenticate` header if its status is 400, 401 or 403
/// ([RFC 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)), except for `CrossSite`. Its `error` is the one
/// of the body, but for `MissingPermission` and `Forbidden`: there it is `insufficient_scope`, since the RFC has no other one
/// for 403.
///
/// # Custom responses
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
///         Err(rejection) if *rejection.kind() == RejectionKind::Expired => {
///             "Please log in again.".into_response()
///         }
///         Err(rejection) => rejection.into_response(),
///     }
/// }
/// ```
///
/// [`user`](Self::user), [`token`](Self::token), [`method`](Self::method), [`uri`](Self::uri), [`headers`](Self::headers) and
/// [`languages`](Self::languages) say what is rejected, [`login_url`](Self::login_url) and
/// [`other_user_url`](Self::other_user_url) where a browser may go.
#[derive(Clone)]
pub struct Rejection {
    // Boxed, so that the `Result` of every extractor stays small.
    inner: Box<Inner>,
}

pub(crate) type OnRejection = Arc<dyn Fn(Rejection) -> Response + Send + Sync>;

#[derive(Clone)]
struct Inner {
    rejected: Rejected,
    hook: Option<OnRejection>,
    is_reported: bool,
}

impl Rejection {
    pub(crate) fn new(rejected: Rejected, hook: Option<OnRejection>) -> Self {
        Self {
            inner: Box::new(Inner {
                rejected,
                hook,
                is_reported: false,
            }),
        }
    }

    /// Returns the rejection of a request whose `FiefAuth` is unknown: an extractor without a layer or guard around it.
    /// `head` is `None` if the request is unknown as well.
    pub(crate) fn misconfigured(head: Option<RequestHead<'_>>) -> Self {
        let rejected = Rejected {
            kind: RejectionKind::Misconfigured,
            caller: head.map_or(Caller::Api, Caller::of),
            is_prefetch: false,
            has_login: false,
            links: Links::default(),
            challenge: None,
            request: head.map(OwnedHead::of).unwrap_or_default(),
            token: None,
            user: None,
        };
        Self::new(rejected, None)
    }

    /// Looks up the user of the token, if the hook of the application shows a page with it.
    pub(crate) async fn with_user(mut self, users: &Arc<Users>, fief: &Fief) -> Self {
        if self.needs_user()
            && let Some(token) = self.token()
        {
            self.inner.rejected.user = Users::get(users, fief, token).await.ok();
        }
        self
    }

    /// Returns whether [`with_user`](Self::with_user) looks up the user.
    pub(crate) fn needs_user(&self) -> bool {
        self.inner.hook.is_some() && self.token().is_some() && self.is_page()
    }

    /// Returns why the request is rejected.
    #[must_use]
    pub fn kind(&self) -> &RejectionKind {
        &self.inner.rejected.kind
    }

    /// Returns the path of the login route, with the query to return to the page afterwards, and to step up if required.
    ///
    /// `None` if the caller is an API or gRPC client, if logging in does not help, if the request is a prefetch, or if
    /// [`login`](crate::FiefAuthBuilder::login) is not configured. A form is lost by a redirect, so link to this path, or
    /// use it for the `HX-Redirect` of htmx.
    #[must_use]
    pub fn login_url(&self) -> Option<&str> {
        self.inner.rejected.links.login.as_deref()
    }

    /// Returns the path of the login route, with the query to log in as a different user and return to the page
    /// afterwards.
    ///
    /// `None` if the caller is an API or gRPC client, if another user may not be accepted either, or if
    /// [`login`](crate::FiefAuthBuilder::login) is not configured.
    #[must_use]
    pub fn other_user_url(&self) -> Option<&str> {
        self.inner.rejected.links.other_user.as_deref()
    }

    /// Returns the page that a page about the rejection links to: the one with the form that was submitted, or the page
    /// itself if it may be available later. `None` for other callers and kinds, and if
    /// [`login`](crate::FiefAuthBuilder::login) is not configured.
    #[must_use]
    pub fn back_url(&self) -> Option<&str> {
        let links = &self.inner.rejected.links;
        links.form.as_deref().or(links.retry.as_deref())
    }

    /// Returns `true` if the default response is a page, in contrast to a redirect to the login, JSON, gRPC or a fragment:
    /// a hook that replaces the pages of an application returns `rejection.into_response()` if this is `false`.
    #[must_use]
    pub fn is_page(&self) -> bool {
        self.inner.rejected.is_page()
    }

    /// Returns the headers that a custom response needs as well: `WWW-Authenticate` and `Retry-After`, if the default
    /// response has them.
    #[must_use]
    pub fn response_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        self.inner.rejected.add_headers(&mut headers);
        headers
    }

    /// Returns the user whose request is rejected, to show their name on a page.
    ///
    /// It is looked up, as [`CurrentUser`](crate::CurrentUser) is, for
    /// [`on_rejection`](crate::FiefAuthBuilder::on_rejection) if [`is_page`](Self::is_page) and the request has a valid
    /// token, and a guard or [`Authorized`](crate::Authorized) rejects it. It is `None` otherwise, and if user info is
    /// unavailable.
    #[must_use]
    pub fn user(&self) -> Option<&FiefUserInfo> {
        self.inner.rejected.user.as_deref()
    }

    /// Returns `true` if a browser shows the response as a page, since it opened a page or submitted a form, in contrast
    /// to `fetch`, htmx and API calls.
    #[must_use]
    pub fn is_navigation(&self) -> bool {
        self.inner.rejected.caller.is_navigation()
    }

    /// Returns the value of the `WWW-Authenticate` header, if there is one.
    ///
    /// A custom response with the status 401 must have this header as well
    /// ([RFC 9110, section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)).
    #[must_use]
    pub fn challenge(&self) -> Option<&HeaderValue> {
        self.inner.rejected.challenge.as_ref()
    }

    /// Returns the valid token of the request, if there is one: it does not meet the requirements.
    #[must_use]
    pub fn token(&self) -> Option<&FiefAccessTokenInfo> {
        self.inner.rejected.token.as_ref()
    }

    /// Returns the method of the request.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.inner.rejected.request.method
    }

    /// Returns the URI of the request, with the prefixes that nested routers strip.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.inner.rejected.request.uri
    }

    /// Returns the headers of the request. They contain its credentials: do not log them.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.inner.rejected.request.headers
    }

    /// Returns the languages that the user prefers, such as `fr-CH`, in order of preference: the `Accept-Language` of the
    /// request ([RFC 9110, section 12.5.4](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4)), without `*` and
    /// without those that are not acceptable.
    #[must_use]
    pub fn languages(&self) -> Vec<&str> {
        self.inner.rejected.request.languages()
    }
}

impl IntoResponse for Rejection {
    fn into_response(mut self) -> Response {
        // Not when it is created, since an optional extractor may drop it. Only once, since the hook may call this again.
        if !mem::replace(&mut self.inner.is_reported, true) {
            let label = self.kind().label();
            tracing::debug!(error = label, "request rejected");
            metrics::rejection(label);
        }
        // The hook gets a rejection without a hook, so that it can use the default response.
        let Some(hook) = self.inner.hook.take() else {
            return self.inner.rejected.into_response();
        };
        call_hook(|| hook(self.clone())).unwrap_or_else(|panicked| {
            limited!(error, process, error = %panicked, "`on_rejection` failed: the default response is sent");
            self.inner.rejected.into_response()
        })
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
