use axum::{
    http::{StatusCode, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Client,
    answer::{detail, internal_error, json_answer, set_header, token_error},
    authorize::Challenge,
    call::Call,
    claims::{Bindings, Claims},
    jwe,
    keys::{Algorithm, RsaPair, SigningKey, random_string},
    state::State,
};

/// What a code or a refresh token stands for.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) user: Uuid,
    pub(crate) scope: Vec<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) acr: &'static str,
    pub(crate) auth_time: u64,
}

/// `POST /api/token`
pub(crate) fn token(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    let answer = match call.form("grant_type").as_deref() {
        Some("authorization_code") => exchange_code(call, &mut state),
        Some("refresh_token") => refresh(call, &mut state),
        Some(_) => authenticate(call, &state, false).and(Err(Refusal::Error(UNSUPPORTED))),
        None => Err(Refusal::Error("invalid_request")),
    };
    match answer {
        Ok(response) => response,
        Err(Refusal::Basic) => {
            let text = "Invalid authentication credentials";
            let mut response = detail(StatusCode::UNAUTHORIZED, text);
            set_header(&mut response, "www-authenticate", "Basic");
            response
        }
        Err(Refusal::Error(error)) => token_error(error),
        Err(Refusal::Internal) => internal_error(),
    }
}

enum Refusal {
    /// The `Authorization: Basic` header cannot be read.
    Basic,
    Error(&'static str),
    Internal,
}

fn exchange_code(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let client = authenticate(call, state, true)?.clone();
    let code = call.form("code").ok_or(Refusal::Error("invalid_request"))?;
    let redirect_uri = call
        .form("redirect_uri")
        .ok_or(Refusal::Error("invalid_request"))?;
    let invalid = Refusal::Error("invalid_grant");
    let verifier = call.form("code_verifier");
    let is_right = state.codes.get(&code, call.now()).is_some_and(|grant| {
        let proves = match (&grant.challenge, &verifier) {
            (Some(challenge), Some(verifier)) => challenge.accepts(verifier),
            (None, None) => true,
            _ => false,
        };
        proves && grant.client_id == client.id && grant.redirect_uri == redirect_uri
    });
    // A wrong attempt does not burn the code.
    if !is_right {
        return Err(invalid);
    }
    let grant = state.codes.remove(&code).ok_or(invalid)?;
    answer(call, state, &client, grant, Some(&code))
}

fn refresh(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let client = authenticate(call, state, false)?.clone();
    let token = call
        .form("refresh_token")
        .ok_or(Refusal::Error("invalid_request"))?;
    let mut grant = state
        .refresh_tokens
        .get(&token, call.now())
        .filter(|grant| grant.client_id == client.id && state.user(grant.user).is_some())
        .ok_or(Refusal::Error("invalid_grant"))?
        .clone();
    if let Some(scope) = call.form("scope") {
        let scope: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
        if !scope.iter().all(|scope| grant.scope.contains(scope)) {
            return Err(Refusal::Error("invalid_scope"));
        }
        grant.scope = scope;
    }
    state.refresh_tokens.remove(&token);
    grant.acr = "0";
    grant.nonce = None;
    answer(call, state, &client, grant, None)
}

fn answer(
    call: &Call<'_>,
    state: &mut State,
    client: &Client,
    grant: Grant,
    code: Option<&str>,
) -> Result<Response, Refusal> {
    if state.user(grant.user).is_none() {
        return Err(Refusal::Error("invalid_grant"));
    }
    let parts = Parts::new(call, state, &grant).ok_or(Refusal::Internal)?;
    let access_token = parts.access_token(&grant).ok_or(Refusal::Internal)?;
    let id_token = parts
        .id_token(&grant, code, Some(&access_token))
        .ok_or(Refusal::Internal)?;
    let mut body = json!({
        "access_token": access_token,
        "id_token": id_token,
        "token_type": "bearer",
        "expires_in": client.token_lifetime.as_secs(),
    });
    if grant.scope.iter().any(|scope| scope == "offline_access")
        && let Some(body) = body.as_object_mut()
    {
        let token = random_string();
        body.insert("refresh_token".to_owned(), json!(token));
        let lifetime = client.refresh_lifetime.as_secs();
        let expires = call.now().saturating_add(lifetime);
        state.refresh_tokens.insert(token, grant, expires);
    }
    let mut response = json_answer(StatusCode::OK, &body);
    set_header(&mut response, "cache-control", "no-store");
    set_header(&mut response, "pragma", "no-cache");
    Ok(response)
}

/// Finds who asks: Basic first, then the form. Credentials are taken as they are, not decoded.
fn authenticate<'a>(
    call: &Call<'_>,
    state: &'a State,
    is_code: bool,
) -> Result<&'a Client, Refusal> {
    let basic = basic(call)?.and_then(|(id, secret)| known(state, &id, Some(&secret)));
    if let Some(client) = basic {
        return Ok(client);
    }
    let id = call.form("client_id").unwrap_or_default();
    if let Some(client) = known(state, &id, call.form("client_secret").as_deref()) {
        return Ok(client);
    }
    state
        .client(&id)
        .filter(|client| client.is_public)
        .filter(|_| !is_code || call.form("code_verifier").is_some())
        .ok_or(Refusal::Error("invalid_client"))
}

fn known<'a>(state: &'a State, id: &str, secret: Option<&str>) -> Option<&'a Client> {
    state
        .client(id)
        .filter(|client| Some(client.secret.as_str()) == secret)
}

fn basic(call: &Call<'_>) -> Result<Option<(String, String)>, Refusal> {
    let Some(header) = call.header(header::AUTHORIZATION.as_str()) else {
        return Ok(None);
    };
    let Some((scheme, credentials)) = header.split_once(' ') else {
        return Ok(None);
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = STANDARD.decode(credentials.trim()).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = text.and_then(|text| {
        let (id, secret) = text.split_once(':')?;
        Some((id.to_owned(), secret.to_owned()))
    });
    pair.map(Some).ok_or(Refusal::Basic)
}

/// What is needed to write the tokens of a grant.
pub(crate) struct Parts {
    claims: Claims,
    key: SigningKey,
    encryption_key: Option<std::sync::Arc<RsaPair>>,
}

impl Parts {
    /// None when the client or the user is gone.
    ///
    /// As in Fief, the tenant is that of the address, not that of the client.
    pub(crate) fn new(call: &Call<'_>, state: &State, grant: &Grant) -> Option<Self> {
        let client = state.client(&grant.client_id)?;
        let tenant = state.tenant(call.tenant)?;
        let now = call.now();
        Some(Self {
            claims: Claims {
                issuer: call.fief.issuer(call.tenant),
                client_id: client.id.clone(),
                user: state.user(grant.user)?.clone(),
                tenant_id: state.tenant_id(grant.user)?,
                acr: grant.acr.to_owned(),
                auth_time: grant.auth_time,
                issued: now,
                expires: now.saturating_add(client.token_lifetime.as_secs()),
            },
            key: tenant.signing_key()?.clone(),
            encryption_key: if client.encrypts_id_tokens {
                Some(jwe::key_pair().ok()?)
            } else {
                None
            },
        })
    }

    pub(crate) fn access_token(&self, grant: &Grant) -> Option<String> {
        self.sign(&self.claims.access_token(&grant.scope))
    }

    pub(crate) fn id_token(
        &self,
        grant: &Grant,
        code: Option<&str>,
        access_token: Option<&str>,
    ) -> Option<String> {
        let token = self.sign(&self.claims.id_token(Bindings {
            nonce: grant.nonce.as_deref(),
            code,
            access_token,
        }))?;
        match &self.encryption_key {
            Some(pair) => jwe::encrypt(pair, &token).ok(),
            None => Some(token),
        }
    }

    fn sign(&self, claims: &serde_json::Map<String, serde_json::Value>) -> Option<String> {
        let header = crate::claims::object([
            ("alg", json!(Algorithm::Rs256.name())),
            ("kid", json!(self.key.kid)),
        ]);
        self.key.pair.sign(&header, claims, &Algorithm::Rs256).ok()
    }
}

const UNSUPPORTED: &str = "unsupported_grant_type";
