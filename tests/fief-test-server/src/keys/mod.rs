//! RSA keys, to sign and to encrypt tokens.

mod algorithm;
mod der;
pub(crate) mod jwe;
mod rsa_pair;
mod signing_key;

pub use self::algorithm::Algorithm;
pub(crate) use self::{rsa_pair::RsaPair, signing_key::SigningKey};
