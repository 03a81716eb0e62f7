//! Clock, keys, counters, users, clients, tokens and webhooks.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
};
use fief_test_server::{Endpoint, FiefTestServer};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{
    minted::Minted,
    seed::{SeedClient, SeedUser},
};
use super::error::ControlError;

type Server = State<Arc<FiefTestServer>>;
type Body<T> = Result<Json<T>, JsonRejection>;
type Done = Result<StatusCode, ControlError>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetClock {
    /// In Unix seconds.
    time: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdvanceClock {
    seconds: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeUser {
    active: Option<bool>,
    permissions: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddWebhook {
    url: String,
    secret: String,
}

/// `GET /clock`
pub(crate) async fn clock(State(server): Server) -> Json<Value> {
    time(&server)
}

/// `PUT /clock`
pub(crate) async fn set_clock(
    State(server): Server,
    body: Body<SetClock>,
) -> Result<Json<Value>, ControlError> {
    let SetClock { time: seconds } = read(body)?;
    if seconds > LAST_SECOND {
        return Err(ControlError::invalid("time is too late"));
    }
    server.set_time(UNIX_EPOCH + Duration::from_secs(seconds));
    Ok(time(&server))
}

/// `POST /clock/advance`
pub(crate) async fn advance_clock(
    State(server): Server,
    body: Body<AdvanceClock>,
) -> Result<Json<Value>, ControlError> {
    let AdvanceClock { seconds } = read(body)?;
    if seconds > LAST_SECOND {
        return Err(ControlError::invalid("time is too late"));
    }
    server.advance(Duration::from_secs(seconds));
    Ok(time(&server))
}

/// `GET /keys`
pub(crate) async fn key(State(server): Server) -> Json<Value> {
    Json(json!({ "kid": server.kid() }))
}

/// `POST /keys`
pub(crate) async fn add_key(State(server): Server) -> Json<Value> {
    server.add_key();
    Json(json!({ "kid": server.kid() }))
}

/// `POST /keys/rotate`
pub(crate) async fn rotate_key(State(server): Server) -> Json<Value> {
    server.rotate_key();
    Json(json!({ "kid": server.kid() }))
}

/// `DELETE /keys/{kid}`
pub(crate) async fn remove_key(State(server): Server, Path(kid): Path<String>) -> StatusCode {
    server.remove_key(&kid);
    StatusCode::NO_CONTENT
}

/// `GET /requests`
pub(crate) async fn requests(State(server): Server) -> Json<Map<String, Value>> {
    let counters = Endpoint::ALL.iter().map(|endpoint| {
        let requests = json!(server.requests(*endpoint));
        (endpoint.to_string(), requests)
    });
    Json(counters.collect())
}

/// `DELETE /requests`
pub(crate) async fn reset_requests(State(server): Server) -> StatusCode {
    server.reset_requests();
    StatusCode::NO_CONTENT
}

/// `GET /users`
pub(crate) async fn users(State(server): Server) -> Json<Vec<Value>> {
    Json(server.users())
}

/// `POST /users`
pub(crate) async fn add_user(State(server): Server, body: Body<SeedUser>) -> Done {
    let added = server.add_user(read(body)?.into());
    added.map_err(|error| ControlError::invalid(error.to_string()))?;
    Ok(StatusCode::CREATED)
}

/// `PATCH /users/{email}`
pub(crate) async fn change_user(
    State(server): Server,
    Path(email): Path<String>,
    body: Body<ChangeUser>,
) -> Done {
    let ChangeUser {
        active,
        permissions,
    } = read(body)?;
    check_user(&server, &email)?;
    if let Some(active) = active {
        server.set_active(&email, active);
    }
    if let Some(permissions) = permissions {
        server.set_permissions(&email, permissions);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /users/{email}`
pub(crate) async fn delete_user(State(server): Server, Path(email): Path<String>) -> Done {
    check_user(&server, &email)?;
    server.delete_user(&email);
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /users/{email}/code`
pub(crate) async fn verification_code(
    State(server): Server,
    Path(email): Path<String>,
) -> Result<Json<Value>, ControlError> {
    check_user(&server, &email)?;
    let code = server.verification_code(&email);
    Ok(Json(json!({ "code": code })))
}

/// `POST /clients`
pub(crate) async fn add_client(State(server): Server, body: Body<SeedClient>) -> Done {
    let added = server.add_client(read(body)?.into());
    added.map_err(|error| ControlError::invalid(error.to_string()))?;
    Ok(StatusCode::CREATED)
}

/// `POST /tokens`
pub(crate) async fn mint_token(
    State(server): Server,
    body: Body<Minted>,
) -> Result<Json<Value>, ControlError> {
    let token = read(body)?.mint(&server).map_err(ControlError::invalid)?;
    Ok(Json(json!({ "access_token": token })))
}

/// `POST /webhooks`
pub(crate) async fn add_webhook(State(server): Server, body: Body<AddWebhook>) -> Done {
    let AddWebhook { url, secret } = read(body)?;
    let parsed = url::Url::parse(&url);
    if !parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Err(ControlError::invalid(format!(
            "{url} is not an http or https URL"
        )));
    }
    server.add_webhook(url, secret);
    Ok(StatusCode::CREATED)
}

fn time(server: &FiefTestServer) -> Json<Value> {
    let since = server.clock()().duration_since(SystemTime::UNIX_EPOCH);
    Json(json!({ "time": since.unwrap_or_default().as_secs() }))
}

fn read<T>(body: Body<T>) -> Result<T, ControlError> {
    match body {
        Ok(Json(value)) => Ok(value),
        Err(error) => Err(ControlError::invalid(error.body_text())),
    }
}

fn check_user(server: &FiefTestServer, email: &str) -> Result<(), ControlError> {
    let users = server.users();
    if users.iter().any(|user| user["email"] == email) {
        return Ok(());
    }
    Err(ControlError::unknown(format!("unknown user {email}")))
}

/// The end of the year 9999, in Unix seconds.
const LAST_SECOND: u64 = 253_402_300_799;
