//! What of a request says who sent it.

pub(crate) mod auth;
mod bearer;
pub(crate) mod csrf;
pub(crate) mod head;
pub(crate) mod return_to;
