use askama::Template;
use axum::{http::StatusCode, response::Response};

use crate::{
    Client,
    http::{
        Call,
        cookie::{self, CSRF_COOKIE},
        response::{html, internal_error, set_cookie, set_header},
    },
    state::AuthorizeRequest,
};

/// The login page and, with `is_registration`, the one to sign up.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub(crate) struct Login<'a> {
    call: &'a Call<'a>,
    action: String,
    other: String,
    application: String,
    email: String,
    error: String,
    is_registration: bool,
}

impl<'a> Login<'a> {
    pub(crate) fn new(call: &'a Call<'a>, application: String) -> Self {
        Self {
            call,
            action: call.path("/login"),
            other: call.path("/register"),
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

    /// The page to sign up at instead.
    pub(crate) fn registration(mut self) -> Self {
        std::mem::swap(&mut self.action, &mut self.other);
        self.is_registration = true;
        self
    }

    pub(crate) fn saying(mut self, error: &str) -> Self {
        error.clone_into(&mut self.error);
        self
    }

    pub(crate) fn answer(self, status: StatusCode, code: Option<&str>) -> Response {
        page(self.call, &self, status, code)
    }

    /// The page again, for input that has no code of its own.
    pub(crate) fn with_error(self, error: &str) -> Response {
        self.saying(error).answer(StatusCode::BAD_REQUEST, None)
    }
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent<'a> {
    call: &'a Call<'a>,
    action: String,
    application: &'a str,
    scope: &'a [String],
}

pub(crate) fn consent(
    call: &Call<'_>,
    status: StatusCode,
    client: &Client,
    request: &AuthorizeRequest,
) -> Response {
    let consent = Consent {
        call,
        action: call.path("/consent"),
        application: &client.name,
        scope: &request.scope,
    };
    page(call, &consent, status, None)
}

#[derive(Template)]
#[template(path = "verify.html")]
struct Verify<'a> {
    call: &'a Call<'a>,
    action: String,
    email: &'a str,
    code: &'a str,
    error: &'a str,
}

/// Asks for the code, and shows it, since nothing is mailed.
pub(crate) fn verify(call: &Call<'_>, email: &str, code: &str, error: Option<&str>) -> Response {
    let verify = Verify {
        call,
        action: call.path("/verify"),
        email,
        code,
        error: error.unwrap_or_default(),
    };
    let status = if error.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    page(call, &verify, status, None)
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    text: &'a str,
    login: Option<String>,
}

/// An error that there is nobody to send the browser back with.
pub(crate) fn error(call: &Call<'_>, code: &str, text: &str) -> Response {
    let message = Message {
        title: "This did not work",
        text,
        login: Some(call.path("/login")),
    };
    page(call, &message, StatusCode::BAD_REQUEST, Some(code))
}

pub(crate) fn dashboard(call: &Call<'_>, email: &str) -> Response {
    let message = Message {
        title: "You are logged in",
        text: email,
        login: None,
    };
    page(call, &message, StatusCode::OK, None)
}

fn page(
    call: &Call<'_>,
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
    // Kept when it is there, so that the pages in other tabs stay good.
    if call.cookie(CSRF_COOKIE).is_none() {
        set_cookie(&mut response, &cookie::csrf(&call.csrf_token));
    }
    response
}

/// The error of a form without the right CSRF token.
pub(crate) const EXPIRED: &str = "This page was open too long. Please try again.";
