//! Extractors: who sent the request.

mod authenticated;
mod current_user;

pub use self::{authenticated::Authenticated, current_user::CurrentUser};
