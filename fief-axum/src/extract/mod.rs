//! Extractors for the credentials, the user and the session of a request.

mod account;
mod authenticated;
mod authorized;
mod current_session;
mod current_user;
mod optional;
pub(crate) mod policy;

pub use self::{
    account::{Account, AccountError},
    authenticated::Authenticated,
    authorized::Authorized,
    current_session::CurrentSession,
    current_user::{CurrentUser, FreshUser},
    policy::Policy,
};
