//! What only fief-axum needs. No part of the stable API: it may change or disappear in any release.

pub use crate::{
    access_token::{RequirementsParts, token_size},
    clock::{from_unix_seconds, unix_seconds},
    error::{Chain, ErrorClass, Recovery, Unmet},
    fief::webhook::effect::{UserChange, WebhookEffect, is_unsigned_webhook},
    login::{TokenRequestError, pending_from_json, pending_received_at, pending_to_json},
    secret::{expose, expose_some},
    transport::{LogLimit, LogLimits, is_loopback},
};

/// Returns the time of the client's clock, in seconds of Unix time.
#[must_use]
pub fn unix_now(fief: &crate::Fief) -> u64 {
    fief.provider().clock.now()
}

/// Returns how many lines the caller has omitted, or `None` if this one is to be omitted as well: it logs one in half a
/// minute by the clock of the client, however often clients cause it.
#[must_use]
#[track_caller]
pub fn permit_line(fief: &crate::Fief) -> Option<u64> {
    fief.inner.log.permit(fief.provider().clock.now())
}
