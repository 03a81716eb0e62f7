//! User API: the user of an access token, and what they can change.

mod api;
mod info;

#[cfg(feature = "blocking")]
pub(crate) use self::api::update_profile;
pub use self::info::FiefUserInfo;
