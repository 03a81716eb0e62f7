//! Validation of an authorization request.

use super::rejection::Rejection;
use crate::{
    Client,
    endpoints::browser_session::current_session,
    http::Request,
    state::{AuthorizeRequest, Challenge, ResponseType, Session, State},
};

impl AuthorizeRequest {
    /// Validates the parameters of an authorization request.
    ///
    /// As in Fief, `prompt=none` does not fail if a login turns out to be required because of
    /// `acr_values` or `max_age`: the login page is shown.
    pub(crate) fn parse(request: &Request<'_>, state: &State) -> Result<Self, Rejection> {
        let client = Self::client(request, state)?;
        let redirect_uri = request
            .query("redirect_uri")
            .filter(|uri| client.accepts_redirect_uri(uri))
            .ok_or(Rejection::Page(
                "invalid_redirect_uri",
                "The redirect URI is missing or not one of this application.",
            ))?;
        let mut authorization = Self {
            client_id: client.id.clone(),
            redirect_uri,
            response_type: ResponseType::default(),
            scope: Vec::new(),
            state: request.query("state"),
            nonce: request.query("nonce"),
            challenge: None,
            login_hint: request.query("login_hint").unwrap_or_default(),
            acr: "0",
        };
        let session = current_session(request, state);
        authorization.read(request, session.is_some()).map_err(
            |AuthorizeError(error, description)| {
                Rejection::Redirect(authorization.error_url(error, description))
            },
        )?;
        let max_age = match request.query("max_age") {
            Some(text) => Some(text.parse::<i64>().map_err(|_| Rejection::MaxAge(text))?),
            None => None,
        };
        let needs_login = request.query("prompt").as_deref() == Some("login")
            || requested_acr(request) == Some("1")
            || is_login_too_old(session.as_ref(), max_age, request.now());
        authorization.acr = if needs_login { "1" } else { "0" };
        Ok(authorization)
    }

    /// Returns the client, which must belong to the tenant of the request.
    fn client<'a>(request: &Request<'_>, state: &'a State) -> Result<&'a Client, Rejection> {
        let id = request.query("client_id").unwrap_or_default();
        state
            .client(&id)
            .filter(|client| client.tenant == request.tenant)
            .ok_or(Rejection::Page(
                "invalid_client",
                "The client is missing or unknown.",
            ))
    }

    /// Reads the parameters with errors that are sent to the application, in Fief's order.
    fn read(&mut self, request: &Request<'_>, has_session: bool) -> Result<(), AuthorizeError> {
        self.response_type = response_type(request)?;
        if request.query("request").is_some() {
            let description = "request parameter is not supported";
            return Err(AuthorizeError("request_not_supported", description));
        }
        self.scope = scope(request)?;
        check_prompt(request, has_session)?;
        check_screen(request)?;
        self.challenge = challenge(request)?;
        if self.response_type.is_hybrid() && self.nonce.is_none() {
            let description = "nonce parameter is required for this response_type";
            return Err(AuthorizeError::request(description));
        }
        Ok(())
    }
}

/// Error that is sent to the application, with its code and description.
struct AuthorizeError(&'static str, &'static str);

impl AuthorizeError {
    fn request(description: &'static str) -> Self {
        Self("invalid_request", description)
    }
}

fn response_type(request: &Request<'_>) -> Result<ResponseType, AuthorizeError> {
    let text = request
        .query("response_type")
        .ok_or(AuthorizeError::request("response_type is missing"))?;
    ResponseType::parse(&text).ok_or(AuthorizeError::request("response_type is invalid"))
}

fn scope(request: &Request<'_>) -> Result<Vec<String>, AuthorizeError> {
    let scope = request
        .query("scope")
        .ok_or(AuthorizeError::request("scope is missing"))?;
    let scope: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
    if !scope.iter().any(|scope| scope == "openid") {
        let description = "scope should contain \"openid\"";
        return Err(AuthorizeError("invalid_scope", description));
    }
    Ok(scope)
}

/// Checks `prompt`. As in Fief, `consent` also fails without a session.
fn check_prompt(request: &Request<'_>, has_session: bool) -> Result<(), AuthorizeError> {
    match request.query("prompt").as_deref() {
        None | Some("login") => Ok(()),
        Some("none" | "consent") if has_session => Ok(()),
        Some("none" | "consent") => Err(AuthorizeError("login_required", "User is not logged in")),
        Some(_) => {
            let description = "prompt should either be \"none\", \"login\" or \"register\"";
            Err(AuthorizeError::request(description))
        }
    }
}

fn check_screen(request: &Request<'_>) -> Result<(), AuthorizeError> {
    match request.query("screen").as_deref() {
        None | Some("login" | "register") => Ok(()),
        Some(_) => {
            let description = "screen should either be \"login\" or \"register\"";
            Err(AuthorizeError::request(description))
        }
    }
}

/// Returns the PKCE challenge. Its method is `plain` by default.
fn challenge(request: &Request<'_>) -> Result<Option<Challenge>, AuthorizeError> {
    let Some(challenge) = request.query("code_challenge") else {
        return Ok(None);
    };
    match request.query("code_challenge_method").as_deref() {
        None | Some("plain") => Ok(Some(Challenge::Plain(challenge))),
        Some("S256") => Ok(Some(Challenge::S256(challenge))),
        Some(_) => Err(AuthorizeError::request("Unsupported code_challenge_method")),
    }
}

/// Returns the first known value of `acr_values`.
fn requested_acr(request: &Request<'_>) -> Option<&'static str> {
    let values = request.query("acr_values")?;
    values.split_whitespace().find_map(|value| match value {
        "0" => Some("0"),
        "1" => Some("1"),
        _ => None,
    })
}

/// Returns `true` if there is no session, or its login is older than `max_age` seconds.
fn is_login_too_old(session: Option<&Session>, max_age: Option<i64>, now: u64) -> bool {
    let Some(session) = session else { return true };
    let age = i64::try_from(now.saturating_sub(session.auth_time)).unwrap_or(i64::MAX);
    // With `max_age=0` even a login of this second is too old.
    max_age.is_some_and(|max_age| age > max_age || max_age == 0)
}
