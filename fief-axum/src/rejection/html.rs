//! Rejections as pages, and as parts of pages.

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

use super::{
    links::Links,
    page::{OTHER_USER, link, page},
};
use crate::RejectionKind;

/// Returns the page of a rejected navigation.
pub(crate) fn rejected(kind: &RejectionKind, links: &Links) -> Response {
    let status = kind.status();
    let other_user = link(links.other_user.as_deref(), OTHER_USER);
    let retry = link(links.retry.as_deref(), "Try again");
    let action = format!("{other_user}{retry}");
    page(status, reason(status), kind.description(), &action)
}

/// Returns the page of a form that was rejected.
pub(crate) fn form(kind: &RejectionKind, links: &Links) -> Response {
    let Links {
        login,
        other_user,
        form,
        retry: _,
    } = links;
    let status = kind.status();
    let (title, text) = match kind {
        RejectionKind::Denied
        | RejectionKind::Expired
        | RejectionKind::Invalid
        | RejectionKind::MissingCredentials => (
            "Please log in again",
            "You are not logged in, or your session has ended.",
        ),
        RejectionKind::AcrTooLow { .. } | RejectionKind::AuthTooOld { .. } => {
            ("Please log in again", kind.description())
        }
        RejectionKind::CrossSite
        | RejectionKind::Forbidden
        | RejectionKind::Malformed
        | RejectionKind::Misconfigured
        | RejectionKind::MissingPermission { .. }
        | RejectionKind::MissingScope { .. }
        | RejectionKind::Unavailable => (reason(status), kind.description()),
    };
    let text = format!("{text} What you entered was not saved.");
    let login = link(login.as_deref(), "Log in and go back to the form");
    let other_user = link(other_user.as_deref(), OTHER_USER);
    // A login goes back there as well.
    let form = form.as_deref().filter(|_| login.is_empty());
    let back = link(form, "Go back");
    page(status, title, &text, &format!("{login}{other_user}{back}"))
}

/// Returns a rejection as a part of a page.
pub(crate) fn fragment(kind: &RejectionKind, links: &Links) -> Response {
    let login = link(links.login.as_deref(), "Log in");
    let other_user = link(links.other_user.as_deref(), OTHER_USER);
    let text = kind.description();
    let html = format!("<div role=\"alert\"><p>{text}</p>{login}{other_user}</div>");
    (kind.status(), Html(html)).into_response()
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}
