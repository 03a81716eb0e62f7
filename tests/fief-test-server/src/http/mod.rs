//! HTTP: connections, requests, responses and cookies.

pub(crate) mod connection;
pub(crate) mod cookie;
mod request;
pub(crate) mod response;
pub(crate) mod validation_error;

pub(crate) use self::request::Request;
