//! Tokens of JOSE: signatures (JWS), encryption (JWE), claims (JWT).

pub(crate) mod claims;
pub(crate) mod json;
pub(crate) mod jwe;
pub(crate) mod jws;
pub(crate) mod members;
