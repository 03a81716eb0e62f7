use std::sync::Arc;

use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use fief_client::{FiefAccessTokenInfo, FiefUserInfo};
use serde_json::json;

use super::{grpc, html, links::Links, page::RETRY_AFTER};
use crate::{
    RejectionKind,
    request::{caller::Caller, owned::OwnedHead},
};

/// What is known of a rejected request, with the default responses.
#[derive(Clone)]
pub(crate) struct Rejected {
    pub(crate) kind: RejectionKind,
    pub(crate) caller: Caller,
    /// Whether it is a prefetch of a page that leads to the login.
    pub(crate) is_prefetch: bool,
    /// Whether there is a login route.
    pub(crate) has_login: bool,
    pub(crate) links: Links,
    pub(crate) challenge: Option<HeaderValue>,
    pub(crate) request: OwnedHead,
    pub(crate) token: Option<FiefAccessTokenInfo>,
    /// The user of the token, if the hook of the application shows a page and user info is available.
    pub(crate) user: Option<Arc<FiefUserInfo>>,
}

impl Rejected {
    /// Returns the response in the protocol of the caller.
    pub(crate) fn into_response(self) -> Response {
        if self.is_prefetch {
            // Browsers do not keep it for the click on the link.
            let no_store = [(header::CACHE_CONTROL, "no-store")];
            return (StatusCode::SERVICE_UNAVAILABLE, no_store).into_response();
        }
        match self.caller {
            Caller::Api => self.json(),
            Caller::Form => self.with_headers(html::form(&self.kind, &self.links)),
            Caller::Grpc => grpc::response(&self.kind, &self.request.headers),
            Caller::Htmx => self.htmx(),
            Caller::Page => self.page(),
        }
    }

    /// Returns whether a browser shows the response as a page.
    pub(crate) fn is_page(&self) -> bool {
        let is_page = match self.caller {
            Caller::Form => true,
            Caller::Page => self.has_login && self.links.login.is_none(),
            Caller::Api | Caller::Grpc | Caller::Htmx => false,
        };
        is_page && !self.is_prefetch
    }

    fn json(&self) -> Response {
        let (status, code) = (self.kind.status(), self.kind.code());
        let body = json!({ "error": code, "error_description": self.kind.description() });
        self.with_headers((status, Json(body)).into_response())
    }

    fn page(&self) -> Response {
        match &self.links.login {
            Some(url) => Redirect::to(url).into_response(),
            None if self.has_login => self.with_headers(html::rejected(&self.kind, &self.links)),
            None => self.json(),
        }
    }

    /// Lets htmx open the login as a page: a redirect would put the login into
    /// a fragment of the page.
    fn htmx(&self) -> Response {
        let mut response = self.with_headers(html::fragment(&self.kind, &self.links));
        let login = self.links.login.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(login)) = login {
            response.headers_mut().insert(HX_REDIRECT.clone(), login);
        }
        response
    }

    /// Adds the headers of the rejection.
    fn with_headers(&self, mut response: Response) -> Response {
        self.add_headers(response.headers_mut());
        response
    }

    /// Adds the headers of the rejection to those of a response.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(challenge) = &self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge.clone());
        }
        if self.kind.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
    }
}

static HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");
