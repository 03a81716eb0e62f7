use super::rejection::Refusal;
use crate::{
    Client,
    endpoints::browser_session::current_session,
    http::Call,
    state::{AuthorizeRequest, Challenge, ResponseType, Session, State},
};

impl AuthorizeRequest {
    pub(crate) fn parse(call: &Call<'_>, state: &State) -> Result<Self, Refusal> {
        let client = Self::client(call, state)?;
        let redirect_uri = call
            .query("redirect_uri")
            .filter(|uri| client.accepts_redirect_uri(uri))
            .ok_or(Refusal::Page(
                "invalid_redirect_uri",
                "The redirect URI is missing or not one of this application.",
            ))?;
        let mut request = Self {
            client_id: client.id.clone(),
            redirect_uri,
            response_type: ResponseType::default(),
            scope: Vec::new(),
            state: call.query("state"),
            nonce: call.query("nonce"),
            challenge: None,
            login_hint: call.query("login_hint").unwrap_or_default(),
            acr: "0",
        };
        let session = current_session(call, state);
        request
            .read(call, session.is_some())
            .map_err(|Invalid(error, description)| {
                Refusal::Redirect(request.error_url(error, description))
            })?;
        let max_age = match call.query("max_age") {
            Some(text) => Some(text.parse::<i64>().map_err(|_| Refusal::MaxAge(text))?),
            None => None,
        };
        let needs_login = call.query("prompt").as_deref() == Some("login")
            || asked_acr(call) == Some("1")
            || is_too_old(session.as_ref(), max_age, call.now());
        request.acr = if needs_login { "1" } else { "0" };
        Ok(request)
    }

    fn client<'a>(call: &Call<'_>, state: &'a State) -> Result<&'a Client, Refusal> {
        let id = call.query("client_id").unwrap_or_default();
        state
            .client(&id)
            .filter(|client| client.tenant == call.tenant)
            .ok_or(Refusal::Page(
                "invalid_client",
                "The client is missing or unknown.",
            ))
    }

    /// Reads what is answered with a redirect when it is wrong, in Fief's order.
    fn read(&mut self, call: &Call<'_>, has_session: bool) -> Result<(), Invalid> {
        self.response_type = response_type(call)?;
        if call.query("request").is_some() {
            let description = "request parameter is not supported";
            return Err(Invalid("request_not_supported", description));
        }
        self.scope = scope(call)?;
        check_prompt(call, has_session)?;
        check_screen(call)?;
        self.challenge = challenge(call)?;
        if self.response_type.is_hybrid() && self.nonce.is_none() {
            let description = "nonce parameter is required for this response_type";
            return Err(Invalid::request(description));
        }
        Ok(())
    }
}

/// The error code and the description that the application is sent.
struct Invalid(&'static str, &'static str);

impl Invalid {
    fn request(description: &'static str) -> Self {
        Self("invalid_request", description)
    }
}

fn response_type(call: &Call<'_>) -> Result<ResponseType, Invalid> {
    let text = call
        .query("response_type")
        .ok_or(Invalid::request("response_type is missing"))?;
    ResponseType::parse(&text).ok_or(Invalid::request("response_type is invalid"))
}

fn scope(call: &Call<'_>) -> Result<Vec<String>, Invalid> {
    let scope = call
        .query("scope")
        .ok_or(Invalid::request("scope is missing"))?;
    let scope: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
    if !scope.iter().any(|scope| scope == "openid") {
        let description = "scope should contain \"openid\"";
        return Err(Invalid("invalid_scope", description));
    }
    Ok(scope)
}

fn check_prompt(call: &Call<'_>, has_session: bool) -> Result<(), Invalid> {
    match call.query("prompt").as_deref() {
        None | Some("login") => Ok(()),
        Some("none" | "consent") if has_session => Ok(()),
        Some("none" | "consent") => Err(Invalid("login_required", "User is not logged in")),
        Some(_) => {
            let description = "prompt should either be \"none\", \"login\" or \"register\"";
            Err(Invalid::request(description))
        }
    }
}

fn check_screen(call: &Call<'_>) -> Result<(), Invalid> {
    match call.query("screen").as_deref() {
        None | Some("login" | "register") => Ok(()),
        Some(_) => {
            let description = "screen should either be \"login\" or \"register\"";
            Err(Invalid::request(description))
        }
    }
}

fn challenge(call: &Call<'_>) -> Result<Option<Challenge>, Invalid> {
    let Some(challenge) = call.query("code_challenge") else {
        return Ok(None);
    };
    match call.query("code_challenge_method").as_deref() {
        None | Some("plain") => Ok(Some(Challenge::Plain(challenge))),
        Some("S256") => Ok(Some(Challenge::S256(challenge))),
        Some(_) => Err(Invalid::request("Unsupported code_challenge_method")),
    }
}

/// The first known value of `acr_values`.
fn asked_acr(call: &Call<'_>) -> Option<&'static str> {
    let values = call.query("acr_values")?;
    values.split_whitespace().find_map(|value| match value {
        "0" => Some("0"),
        "1" => Some("1"),
        _ => None,
    })
}

fn is_too_old(session: Option<&Session>, max_age: Option<i64>, now: u64) -> bool {
    let Some(session) = session else { return true };
    let age = i64::try_from(now.saturating_sub(session.auth_time)).unwrap_or(i64::MAX);
    // No login is younger than nothing, not even one of this second.
    max_age.is_some_and(|max_age| age > max_age || max_age == 0)
}
