//! The HTML pages.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use crate::{
    Client,
    http::{
        Request, Text,
        cookie::{self, CSRF_COOKIE},
        response::{html, internal_error, set_cookie, set_header},
    },
    state::AuthorizeRequest,
};

/// Login page or, if `is_registration`, registration page.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage<'a> {
    request: &'a Request<'a>,
    action: String,
    other_page: String,
    application: String,
    email: String,
    error: String,
    is_registration: bool,
}

impl<'a> LoginPage<'a> {
    pub(crate) fn new(request: &'a Request<'a>, application: String) -> Self {
        Self {
            request,
            action: request.path("/login"),
            other_page: request.path("/register"),
            application,
            email: String::new(),
            error: String::new(),
            is_registration: false,
        }
    }

    pub(crate) fn email(mut self, email: String) -> Self {
        self.email = email;
        self
    }

    /// Makes it the registration page.
    pub(crate) fn registration(mut self) -> Self {
        std::mem::swap(&mut self.action, &mut self.other_page);
        self.is_registration = true;
        self
    }

    pub(crate) fn error(mut self, error: &str) -> Self {
        error.clone_into(&mut self.error);
        self
    }

    /// Returns the page with a status, and with an error code in the header `X-Fief-Error`.
    pub(crate) fn response(self, status: StatusCode, code: Option<&str>) -> Response {
        render(self.request, &self, status, code)
    }

    /// Returns the page with an error that has no code.
    pub(crate) fn error_response(self, error: &str) -> Response {
        self.error(error).response(StatusCode::BAD_REQUEST, None)
    }
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    request: &'a Request<'a>,
    action: String,
    application: &'a str,
    scope: &'a [String],
}

pub(crate) fn consent(
    request: &Request<'_>,
    status: StatusCode,
    client: &Client,
    authorization: &AuthorizeRequest,
) -> Response {
    let consent = ConsentPage {
        request,
        action: request.path("/consent"),
        application: &client.name,
        scope: &authorization.scope,
    };
    render(request, &consent, status, None)
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage<'a> {
    request: &'a Request<'a>,
    action: String,
    email: &'a str,
    code: &'a str,
    error: &'a str,
}

/// Returns the page for the verification code. It shows the code, since nothing is mailed.
///
/// An error has a text and perhaps a code.
pub(crate) fn verify(
    request: &Request<'_>,
    email: &str,
    code: &str,
    error: Option<(Text, Option<&str>)>,
) -> Response {
    let text = error.map(|(text, _)| request.text(text));
    let verify = VerifyPage {
        request,
        action: request.path("/verify"),
        email,
        code,
        error: text.unwrap_or_default(),
    };
    let status = if error.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    render(request, &verify, status, error.and_then(|(_, code)| code))
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    title: &'a str,
    text: &'a str,
    login: Option<String>,
}

/// Returns the page of an error that cannot be sent to an application.
pub(crate) fn error(request: &Request<'_>, code: &str, text: Text) -> Response {
    let message = MessagePage {
        title: "Something went wrong",
        text: request.text(text),
        login: Some(request.path("/login")),
    };
    render(request, &message, StatusCode::BAD_REQUEST, Some(code))
}

pub(crate) fn dashboard(request: &Request<'_>, email: &str) -> Response {
    let message = MessagePage {
        title: "You are logged in",
        text: email,
        login: None,
    };
    render(request, &message, StatusCode::OK, None)
}

/// Renders a page, and sets the cookie with its CSRF token.
fn render(
    request: &Request<'_>,
    template: &impl Template,
    status: StatusCode,
    code: Option<&str>,
) -> Response {
    let Ok(text) = template.render() else {
        return internal_error();
    };
    let mut response = html(status, text);
    if let Some(code) = code {
        set_header(&mut response, "x-fief-error", code);
    }
    // Keep a token that the browser has, so that pages in other tabs stay valid.
    if request.cookie(CSRF_COOKIE).is_none() {
        set_cookie(&mut response, &cookie::csrf(&request.csrf_token));
    }
    response
}

/// Error of a form without the browser's CSRF token.
pub(crate) const EXPIRED: Text = Text::new(
    "This page has expired. Please try again.",
    "Cette page a expiré. Veuillez recommencer.",
);

pub(crate) const INVALID_EMAIL: Text = Text::new(
    "Please enter a valid e-mail address.",
    "Saisissez une adresse e-mail valide.",
);
