//! Guards: middleware that rejects requests which do not meet requirements.

pub(crate) mod layer;
pub(crate) mod paths;
pub(crate) mod rule;
pub(crate) mod service;
pub(crate) mod table;
