mod account;
pub(crate) mod authorize;
mod browser_session;
pub(crate) mod consent;
mod discovery;
mod issue;
mod login;
mod login_session;
mod logout;
mod pages;
mod password;
mod profile;
mod register;
mod token;
mod user_api;
mod verify;

use axum::response::Response;

use self::{
    account::{email_change, email_verify, password},
    authorize::authorize,
    consent::consent,
    discovery::{configuration, jwks},
    login::{dashboard, login},
    logout::logout,
    profile::profile,
    register::register,
    token::token,
    user_api::userinfo,
    verify::{verify, verify_request},
};
use super::{Endpoint, http::Call};

/// Calls what is at an endpoint.
pub(crate) fn respond(endpoint: Endpoint, call: &Call<'_>) -> Response {
    match endpoint {
        Endpoint::Authorize => authorize(call),
        Endpoint::Consent => consent(call),
        Endpoint::Dashboard => dashboard(call),
        Endpoint::Discovery => configuration(call),
        Endpoint::EmailChange => email_change(call),
        Endpoint::EmailVerify => email_verify(call),
        Endpoint::Jwks => jwks(call),
        Endpoint::Login => login(call),
        Endpoint::Logout => logout(call),
        Endpoint::Password => password(call),
        Endpoint::Profile => profile(call),
        Endpoint::Register => register(call),
        Endpoint::Token => token(call),
        Endpoint::Userinfo => userinfo(call),
        Endpoint::Verify => verify(call),
        Endpoint::VerifyRequest => verify_request(call),
    }
}
