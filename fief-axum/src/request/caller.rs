use axum::http::{Method, header};

use super::{
    head::{HX_REQUEST, RequestHead, SEC_FETCH_MODE, X_REQUESTED_WITH},
    owned::weight,
};

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
        if is_grpc(head) {
            Self::Grpc
        } else if head.header(&HX_REQUEST) == Some("true") {
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
    is_navigation(head).unwrap_or_else(|| {
        accepts_html(head) && FORM_TYPES.iter().any(|form| has_media_type(head, form))
    })
}

/// Returns whether a browser opens a page, in contrast to `fetch`, images and
/// API calls.
fn is_page(head: RequestHead<'_>) -> bool {
    if *head.method != Method::GET {
        return false;
    }
    is_navigation(head).unwrap_or_else(|| accepts_html(head))
}

/// Returns what Fetch Metadata says, if the browser sends it.
fn is_navigation(head: RequestHead<'_>) -> Option<bool> {
    let is_sent = head.headers.contains_key(&SEC_FETCH_MODE);
    is_sent.then(|| head.header(&SEC_FETCH_MODE) == Some("navigate"))
}

/// Returns whether a browser without Fetch Metadata requests a page. Libraries
/// that let a script request one say so in `X-Requested-With`; an Android app
/// sends its own name there.
fn accepts_html(head: RequestHead<'_>) -> bool {
    let mut libraries = head.list(&X_REQUESTED_WITH);
    let is_script = libraries.any(|library| library == "XMLHttpRequest");
    !is_script && head.list(&header::ACCEPT).any(is_acceptable_html)
}

/// Returns whether a range of `Accept` is HTML, and not excluded by its weight
/// ([RFC 9110, section 12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1)).
fn is_acceptable_html(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let is_html = parts
        .next()
        .is_some_and(|range| range.eq_ignore_ascii_case("text/html"));
    is_html && !parts.any(|parameter| weight(parameter) == Some(0))
}

/// Returns whether the content type is that of gRPC or gRPC-Web, with or without the format of the messages:
/// `application/grpc-web+proto`.
fn is_grpc(head: RequestHead<'_>) -> bool {
    let media_type = media_type(head);
    let start = media_type.get(..GRPC.len());
    let rest = media_type.get(GRPC.len()..).unwrap_or_default();
    start.is_some_and(|start| start.eq_ignore_ascii_case(GRPC))
        && (rest.is_empty() || rest.starts_with(['+', '-']))
}

fn has_media_type(head: RequestHead<'_>, name: &str) -> bool {
    media_type(head).eq_ignore_ascii_case(name)
}

/// Returns the content type without its parameters, or an empty string.
fn media_type(head: RequestHead<'_>) -> &str {
    let content_type = head.header(&header::CONTENT_TYPE).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim()
}

const GRPC: &str = "application/grpc";
/// The content types of HTML forms.
const FORM_TYPES: [&str; 3] = [
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
];
