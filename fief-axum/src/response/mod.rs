//! Headers that are added to responses.

mod cache_control;
pub(crate) mod pending;
