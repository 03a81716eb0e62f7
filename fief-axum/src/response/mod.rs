//! What is added to a response.

mod cache_control;
pub(crate) mod pending;
