//! Faults of endpoints.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderName, HeaderValue, StatusCode},
};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde::Deserialize;

use super::error::ControlError;

type Server = State<Arc<FiefTestServer>>;

/// Fault, as the API describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultSettings {
    kind: Kind,
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    milliseconds: Option<u64>,
    bytes: Option<usize>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Cut,
    Delay,
    Drip,
    Garbage,
    Hang,
    Huge,
    Reset,
    Status,
}

/// `PUT /faults/{endpoint}`
pub(crate) async fn set(
    State(server): Server,
    Path(endpoint): Path<String>,
    settings: Result<Json<FaultSettings>, JsonRejection>,
) -> Result<StatusCode, ControlError> {
    let (endpoint, fault) = read(&endpoint, settings)?;
    server.fault(endpoint, fault);
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /faults/{endpoint}`
pub(crate) async fn set_once(
    State(server): Server,
    Path(endpoint): Path<String>,
    settings: Result<Json<FaultSettings>, JsonRejection>,
) -> Result<StatusCode, ControlError> {
    let (endpoint, fault) = read(&endpoint, settings)?;
    server.fault_once(endpoint, fault);
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /faults`
pub(crate) async fn clear(State(server): Server) -> StatusCode {
    server.clear_faults();
    StatusCode::NO_CONTENT
}

fn read(
    endpoint: &str,
    settings: Result<Json<FaultSettings>, JsonRejection>,
) -> Result<(Endpoint, Fault), ControlError> {
    let Ok(endpoint) = endpoint.parse() else {
        return Err(ControlError::unknown(format!(
            "unknown endpoint {endpoint}"
        )));
    };
    let Json(settings) = settings.map_err(|error| ControlError::invalid(error.body_text()))?;
    Ok((endpoint, settings.fault()?))
}

impl FaultSettings {
    fn fault(self) -> Result<Fault, ControlError> {
        let Self {
            kind,
            status,
            headers,
            body,
            milliseconds,
            bytes,
        } = self;
        let milliseconds = Duration::from_millis(milliseconds.unwrap_or_default());
        let mut fault = match kind {
            Kind::Cut => Fault::cut(),
            Kind::Delay => Fault::delay(milliseconds),
            Kind::Drip => Fault::drip(milliseconds),
            Kind::Garbage => Fault::garbage(),
            Kind::Hang => Fault::hang(),
            Kind::Huge => Fault::huge(bytes.unwrap_or(1_000_000)),
            Kind::Reset => Fault::reset(),
            Kind::Status => match status.unwrap_or(500) {
                status @ 200..=599 => Fault::status(status).body(body),
                status => return Err(ControlError::invalid(format!("{status} is not a status"))),
            },
        };
        for (name, value) in headers {
            if HeaderName::try_from(&name).is_err() || HeaderValue::try_from(&value).is_err() {
                return Err(ControlError::invalid(format!(
                    "{name}: {value} is not a header"
                )));
            }
            fault = fault.header(name, value);
        }
        Ok(fault)
    }
}
