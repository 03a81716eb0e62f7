//! A [Fief](https://docs.fief.dev) authentication server that runs inside a test or on a
//! development machine.

mod answer;
mod authorize;
mod builder;
mod call;
mod claims;
mod client;
mod clock;
mod connection;
mod consent;
mod der;
mod discovery;
mod endpoint;
mod expiring;
mod fault;
mod jwe;
mod keys;
mod login;
mod logout;
mod mint;
mod pages;
mod serve;
mod server;
mod state;
mod token;
mod traffic;
mod user;
mod user_api;

pub use builder::FiefTestServerBuilder;
pub use client::Client;
pub use endpoint::Endpoint;
pub use fault::Fault;
pub use keys::Algorithm;
pub use mint::{MintAccessToken, MintIdToken};
pub use server::FiefTestServer;
pub use user::User;
