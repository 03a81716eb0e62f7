pub(crate) mod authorize;
mod browser_session;
mod caller;
pub(crate) mod code;
mod consent;
mod dashboard;
mod discovery;
mod email_change;
mod email_verify;
mod issue;
mod jwks;
mod login;
mod login_session;
mod logout;
mod pages;
mod password;
mod password_strength;
mod profile;
mod register;
mod token;
mod userinfo;
mod verify;
mod verify_request;

use axum::response::Response;

use self::{
    authorize::authorize, consent::consent, dashboard::dashboard, discovery::configuration,
    email_change::email_change, email_verify::email_verify, jwks::jwks, login::login,
    logout::logout, password::password, profile::profile, register::register, token::token,
    userinfo::userinfo, verify::verify, verify_request::verify_request,
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
