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
            .map_err(|(error, description)| {
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
    fn read(
        &mut self,
        call: &Call<'_>,
        has_session: bool,
    ) -> Result<(), (&'static str, &'static str)> {
        let invalid = |description| Err(("invalid_request", description));
        self.response_type = match call.query("response_type").as_deref() {
            Some(text) => match ResponseType::parse(text) {
                Some(response_type) => response_type,
                None => return invalid("response_type is invalid"),
            },
            None => return invalid("response_type is missing"),
        };
        if call.query("request").is_some() {
            let description = "request parameter is not supported";
            return Err(("request_not_supported", description));
        }
        let Some(scope) = call.query("scope") else {
            return invalid("scope is missing");
        };
        self.scope = scope.split_whitespace().map(str::to_owned).collect();
        if !self.scope.iter().any(|scope| scope == "openid") {
            return Err(("invalid_scope", "scope should contain \"openid\""));
        }
        match call.query("prompt").as_deref() {
            None | Some("login") => {}
            Some("none" | "consent") if has_session => {}
            Some("none" | "consent") => return Err(("login_required", "User is not logged in")),
            Some(_) => {
                return invalid("prompt should either be \"none\", \"login\" or \"register\"");
            }
        }
        if !matches!(
            call.query("screen").as_deref(),
            None | Some("login" | "register")
        ) {
            return invalid("screen should either be \"login\" or \"register\"");
        }
        if let Some(challenge) = call.query("code_challenge") {
            self.challenge = match call.query("code_challenge_method").as_deref() {
                None | Some("plain") => Some(Challenge::Plain(challenge)),
                Some("S256") => Some(Challenge::S256(challenge)),
                Some(_) => return invalid("Unsupported code_challenge_method"),
            };
        }
        if self.response_type.is_hybrid() && self.nonce.is_none() {
            return invalid("nonce parameter is required for this response_type");
        }
        Ok(())
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
