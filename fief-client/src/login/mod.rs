//! Login: the URL for the browser, its callback, the exchange of codes and refresh tokens, ID tokens.

mod attempt;
mod authorize;
mod exchange;
mod id_token;
mod prompt;
mod random;
mod refresh;
mod response;
mod tokens;

#[cfg(fuzzing)]
pub(crate) use self::id_token::Expected;
pub(crate) use self::random::random;
pub use self::{
    attempt::LoginAttempt,
    authorize::AuthorizationRequest,
    exchange::AuthCallbackParams,
    prompt::{Prompt, Screen},
    refresh::RefreshParams,
    response::AuthorizationResponse,
    tokens::FiefTokenResponse,
};
