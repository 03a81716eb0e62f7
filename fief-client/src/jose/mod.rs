//! Tokens as JOSE writes them: signed, encrypted, and the types of their claims.

pub(crate) mod claims;
pub(crate) mod json;
pub(crate) mod jwe;
pub(crate) mod jws;
