//! HTTP: connections, requests, responses, their headers and bodies.

pub(crate) mod compression;
pub(crate) mod connection;
pub(crate) mod cookie;
pub(crate) mod cors;
pub(crate) mod form;
mod language;
mod request;
pub(crate) mod response;
pub(crate) mod validation_error;

pub(crate) use self::{language::Text, request::Request};
