pub(crate) mod connection;
pub(crate) mod cookie;
pub(crate) mod problem;
mod request;
pub(crate) mod response;

pub(crate) use self::request::Request;
