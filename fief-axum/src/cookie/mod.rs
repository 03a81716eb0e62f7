//! Cookies: their names, how they are sealed, and how a long value is cut into several.

pub(crate) mod chunks;
mod config;
mod jar;
mod key;
mod seal;

pub use self::key::SessionKey;
pub(crate) use self::{
    config::CookieConfig,
    jar::Jar,
    seal::{Keys, Purpose},
};
