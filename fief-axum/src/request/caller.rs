use axum::http::{Method, header};

use super::head::{HX_REQUEST, RequestHead, SEC_FETCH_MODE, X_REQUESTED_WITH};

/// Kind of caller, which decides what the response to a rejected request looks
/// like.
///
/// [`Rejection`](crate::Rejection) has a table of the responses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Caller {
    /// A program, or a script that calls `fetch`.
    Api,
    /// A browser that submits a form.
    Form,
    /// A gRPC client.
    Grpc,
    /// htmx in a page of the application.
    Htmx,
    /// A browser that opens a page.
    Page,
}

impl Caller {
    /// Determines the kind of caller. The first that matches counts: gRPC, htmx,
    /// form, page, and an API client otherwise.
    pub(crate) fn of(head: RequestHead<'_>) -> Self {
        if is_type(head, "application/grpc") {
            Self::Grpc
        } else if head.headers.contains_key(&HX_REQUEST) {
            Self::Htmx
        } else if is_form(head) {
            Self::Form
        } else if is_page(head) {
            Self::Page
        } else {
            Self::Api
        }
    }

    /// Returns whether the browser shows the response as a page.
    pub(crate) fn is_navigation(self) -> bool {
        match self {
            Self::Form | Self::Page => true,
            Self::Api | Self::Grpc | Self::Htmx => false,
        }
    }
}

/// Returns whether a browser submits a form as a navigation.
fn is_form(head: RequestHead<'_>) -> bool {
    if matches!(*head.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return false;
    }
    match head.header(&SEC_FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => accepts_html(head) && FORM_TYPES.iter().any(|form| is_type(head, form)),
    }
}

/// Returns whether a browser opens a page, in contrast to `fetch`, images and
/// API calls.
fn is_page(head: RequestHead<'_>) -> bool {
    if *head.method != Method::GET {
        return false;
    }
    match head.header(&SEC_FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => accepts_html(head),
    }
}

/// Returns whether a browser without Fetch Metadata requests a page. Libraries
/// that let a script request one say so in `X-Requested-With`; an Android app
/// sends its own name there.
fn accepts_html(head: RequestHead<'_>) -> bool {
    let accept = head.header(&header::ACCEPT);
    let is_script = head.header(&X_REQUESTED_WITH) == Some("XMLHttpRequest");
    !is_script && accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Returns whether the content type begins with `prefix`.
fn is_type(head: RequestHead<'_>, prefix: &str) -> bool {
    let content_type = head.header(&header::CONTENT_TYPE);
    let start = content_type.and_then(|content_type| content_type.get(..prefix.len()));
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The content types of HTML forms.
const FORM_TYPES: [&str; 3] = [
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
];
