//! What only fief-axum needs. No part of the stable API: it may change or disappear in any release.

pub use crate::{
    access_token::RequirementsParts,
    clock::{from_unix_seconds, unix_seconds},
    error::{Chain, ErrorClass, Recovery, Unmet},
    login::{TokenRequestError, pending_from_json, pending_received_at, pending_to_json},
    secret::{expose, expose_some},
    transport::{LogLimit, is_loopback},
};
