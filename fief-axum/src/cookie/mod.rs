//! The cookies of this crate: their names and attributes, how they are read,
//! sealed, and split if they are too long.
//!
//! There are cookies for the session, for each login in progress, and for the
//! number of recent logins. Each value is JSON, sealed by [`Keys`] for one
//! [`Purpose`], so that it cannot be read, forged, or used in place of another.

pub(crate) mod chunks;
mod config;
mod jar;
mod key;
pub(crate) mod limits;
mod seal;

pub use self::key::SessionKey;
pub(crate) use self::{
    config::{CookieConfig, MAX_CHUNKS},
    jar::Jar,
    seal::{Keys, Purpose},
};
