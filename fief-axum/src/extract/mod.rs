//! Extractors: who sent the request.

mod account;
mod authenticated;
mod authorized;
mod current_session;
mod current_user;

pub(crate) use self::authorized::Policies;
pub use self::{
    account::{Account, AccountError},
    authenticated::Authenticated,
    authorized::{Authorized, Policy},
    current_session::CurrentSession,
    current_user::{CurrentUser, FreshUser},
};
