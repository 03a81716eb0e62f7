//! Login: the URL for the browser, its callback, the exchange of codes and refresh tokens, ID tokens.

mod attempt;
mod authorize;
mod exchange;
mod expected;
mod id_token;
mod pending;
mod pending_json;
mod prompt;
mod random;
mod refresh;
mod request;
mod response;
mod tokens;
mod verify;

#[cfg(fuzzing)]
pub(crate) use self::expected::Expected;
pub(crate) use self::random::random;
pub use self::{
    attempt::LoginAttempt,
    authorize::AuthorizationRequest,
    exchange::AuthCallbackParams,
    pending::PendingTokens,
    pending_json::{pending_from_json, pending_received_at, pending_to_json},
    prompt::{Prompt, Screen},
    refresh::RefreshParams,
    request::TokenRequestError,
    response::AuthorizationResponse,
    tokens::FiefTokenResponse,
};
