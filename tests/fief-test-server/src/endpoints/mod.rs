//! The handlers of the endpoints, a file each, and what they share.

pub(crate) mod authorize;
mod browser_session;
mod caller;
pub(crate) mod code;
mod consent;
mod dashboard;
mod discovery;
mod email_address;
mod email_change;
mod email_verify;
mod health;
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
mod token_issuer;
mod userinfo;
mod verify;
mod verify_request;

use axum::response::Response;

use self::{
    authorize::authorize, consent::consent, dashboard::dashboard, discovery::configuration,
    email_change::email_change, email_verify::email_verify, health::health, jwks::jwks,
    login::login, logout::logout, password::password, profile::profile, register::register,
    token::token, userinfo::userinfo, verify::verify, verify_request::verify_request,
};
use super::{Endpoint, http::Request};

/// Calls the handler of an endpoint. The method has been checked, and the tenant exists.
pub(crate) fn dispatch(endpoint: Endpoint, request: &Request<'_>) -> Response {
    match endpoint {
        Endpoint::Authorize => authorize(request),
        Endpoint::Consent => consent(request),
        Endpoint::Dashboard => dashboard(request),
        Endpoint::Discovery => configuration(request),
        Endpoint::EmailChange => email_change(request),
        Endpoint::EmailVerify => email_verify(request),
        Endpoint::Health => health(),
        Endpoint::Jwks => jwks(request),
        Endpoint::Login => login(request),
        Endpoint::Logout => logout(request),
        Endpoint::Password => password(request),
        Endpoint::Profile => profile(request),
        Endpoint::Register => register(request),
        Endpoint::Token => token(request),
        Endpoint::Userinfo => userinfo(request),
        Endpoint::Verify => verify(request),
        Endpoint::VerifyRequest => verify_request(request),
    }
}
