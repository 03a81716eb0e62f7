//! Reads credentials from requests, and what else of a request authentication depends on.

pub(crate) mod auth;
pub(crate) mod authentication;
pub(crate) mod bearer;
mod by_cookie;
mod by_tokens;
pub(crate) mod caller;
pub(crate) mod csrf;
pub(crate) mod head;
mod missing;
pub(crate) mod owned;
mod read_from;
pub(crate) mod return_to;
pub(crate) mod token_request;
pub(crate) mod token_source;
mod without_waiting;
