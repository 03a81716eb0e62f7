//! Validation of an authorization request.

use super::{
    rejection::Rejection,
    texts::{
        INVALID_CLIENT, INVALID_PROMPT, INVALID_RESPONSE_TYPE, INVALID_SCOPE, INVALID_SCREEN,
        MISSING_NONCE, MISSING_RESPONSE_TYPE, MISSING_SCOPE, NOT_LOGGED_IN, REQUEST_PARAMETER,
        UNSUPPORTED_METHOD,
    },
};
use crate::{
    Client, Notice,
    endpoints::browser_session::current_session,
    http::{Request, Text},
    state::{AuthorizeRequest, Challenge, ResponseType, Session, State},
};

impl AuthorizeRequest {
    /// Validates the parameters of an authorization request.
    ///
    /// As in Fief, `prompt=none` does not fail if a login turns out to be required because of
    /// `acr_values` or `max_age`: the login page is shown.
    pub(crate) fn parse(request: &Request<'_>, state: &State) -> Result<Self, Rejection> {
        let client = Self::client(request, state)?;
        let redirect_uri = request.query("redirect_uri").unwrap_or_default();
        if !client.accepts_redirect_uri(&redirect_uri) {
            return Err(Rejection::RedirectUri(Notice::RedirectUriRejected {
                client_id: client.id.clone(),
                redirect_uri,
                registered: client.redirect_uris.clone(),
            }));
        }
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
                Rejection::Redirect(authorization.error_url(error, request.text(description)))
            },
        )?;
        let max_age = match request.query("max_age") {
            Some(text) => Some(parse_integer(&text).ok_or(Rejection::MaxAge(text))?),
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
            .ok_or(Rejection::Page("invalid_client", INVALID_CLIENT))
    }

    /// Reads the parameters with errors that are sent to the application, in Fief's order.
    fn read(&mut self, request: &Request<'_>, has_session: bool) -> Result<(), AuthorizeError> {
        self.response_type = response_type(request)?;
        if request.query("request").is_some() {
            return Err(AuthorizeError("request_not_supported", REQUEST_PARAMETER));
        }
        self.scope = scope(request)?;
        check_prompt(request, has_session)?;
        check_screen(request)?;
        self.challenge = challenge(request)?;
        if self.response_type.is_hybrid() && self.nonce.is_none() {
            return Err(AuthorizeError::request(MISSING_NONCE));
        }
        Ok(())
    }
}

/// Error that is sent to the application, with its code and description.
struct AuthorizeError(&'static str, Text);

impl AuthorizeError {
    fn request(description: Text) -> Self {
        Self("invalid_request", description)
    }
}

fn response_type(request: &Request<'_>) -> Result<ResponseType, AuthorizeError> {
    let text = request
        .query("response_type")
        .ok_or(AuthorizeError::request(MISSING_RESPONSE_TYPE))?;
    ResponseType::parse(&text).ok_or(AuthorizeError::request(INVALID_RESPONSE_TYPE))
}

fn scope(request: &Request<'_>) -> Result<Vec<String>, AuthorizeError> {
    let scope = request
        .query("scope")
        .ok_or(AuthorizeError::request(MISSING_SCOPE))?;
    let scope: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
    if !scope.iter().any(|scope| scope == "openid") {
        return Err(AuthorizeError("invalid_scope", INVALID_SCOPE));
    }
    Ok(scope)
}

/// Checks `prompt`. As in Fief, `consent` also fails without a session.
fn check_prompt(request: &Request<'_>, has_session: bool) -> Result<(), AuthorizeError> {
    match request.query("prompt").as_deref() {
        None | Some("login") => Ok(()),
        Some("none" | "consent") if has_session => Ok(()),
        Some("none" | "consent") => Err(AuthorizeError("login_required", NOT_LOGGED_IN)),
        Some(_) => Err(AuthorizeError::request(INVALID_PROMPT)),
    }
}

fn check_screen(request: &Request<'_>) -> Result<(), AuthorizeError> {
    match request.query("screen").as_deref() {
        None | Some("login" | "register") => Ok(()),
        Some(_) => Err(AuthorizeError::request(INVALID_SCREEN)),
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
        Some(_) => Err(AuthorizeError::request(UNSUPPORTED_METHOD)),
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

/// Parses an integer, with the spaces, underscores and zero decimals that Pydantic accepts.
fn parse_integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let (text, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let (digits, sign) = match text.strip_prefix('-') {
        Some(digits) => (digits, -1),
        None => (text.strip_prefix('+').unwrap_or(text), 1),
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let is_zero = !decimals.is_empty() && decimals.bytes().all(|digit| digit == b'0');
    if !is_zero || !digits.split('_').all(is_number) {
        return None;
    }
    // Too many digits are a very large number.
    let number = digits.replace('_', "").parse().unwrap_or(i64::MAX);
    Some(sign * number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_those_of_pydantic() {
        for text in ["5", " 5", "5 ", "+5", "5.0", "05", "0_5"] {
            assert_eq!(parse_integer(text), Some(5), "{text:?}");
        }
        assert_eq!(parse_integer("-1"), Some(-1));
        assert_eq!(parse_integer("99999999999999999999"), Some(i64::MAX));
        for text in [
            "", " ", "5.5", "5.", "0x5", "1e3", "_5", "1__0", "+-5", "\u{663}",
        ] {
            assert_eq!(parse_integer(text), None, "{text:?}");
        }
    }
}
