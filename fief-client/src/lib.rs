//! Async client of [Fief](https://www.fief.dev), the self-hosted OAuth 2.0 and OpenID Connect server.
//!
//! [`Fief`] logs users in, validates access tokens and calls the user API. It works in any program with
//! a [tokio](https://docs.rs/tokio) runtime; for axum, use
//! [fief-axum](https://docs.rs/fief-axum), which is built on it.
//!
//! ```no_run
//! use fief_client::{
//!     AuthorizationRequest,
//!     AuthorizationResponse,
//!     Fief,
//!     FiefError,
//!     Requirements,
//! };
//!
//! # async fn example(callback_query: &str) -> Result<(), FiefError> {
//! let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
//!     .client_secret("SECRET")
//!     .build()?;
//!
//! // Log a user in: send the browser to `url`, keep `attempt`, and finish when the browser
//! // comes back.
//! let callback = "https://app.example.com/callback";
//! let (url, attempt) = fief.begin_login(callback, AuthorizationRequest::new()).await?;
//! let response = AuthorizationResponse::parse(callback_query)?;
//! let (tokens, user) = fief.finish_login(&attempt, &response).await?;
//!
//! // Accept users that have the permission.
//! let create = Requirements::new().permission("castles:create");
//! let token = fief.validate_access_token(tokens.access_token(), &create).await?;
//! assert_eq!(token.id(), user.sub);
//! # Ok(()) }
//! ```
//!
//! # What to use for what
//!
//! - A web application that logs users in: [`Fief::begin_login`], [`Fief::finish_login`] and
//!   [`Fief::logout_url`].
//! - An API that accepts access tokens: [`Fief::validate_access_token`] with [`Requirements`].
//! - Staying logged in: [`Fief::auth_refresh_token`].
//! - Tokens that were issued while Fief's keys could not be fetched: [`Fief::verify`].
//! - The user's profile, password and e-mail address: [`Fief::userinfo`], [`Fief::update_profile`],
//!   [`Fief::change_password`], [`Fief::email_change`].
//! - Webhooks, which say that users have changed: [`webhook`].
//! - Why a token is rejected, and what to do: [`reasons`].
//! - One process for many tenants: [`Tenants`].
//! - A command-line tool whose users log in with their browser:
//!   [`cli`](https://docs.rs/fief-client/latest/fief_client/cli/).
//! - A program without an async runtime:
//!   [`blocking`](https://docs.rs/fief-client/latest/fief_client/blocking/).
//!
//! # Conventions
//!
//! Settings that are text are `impl Into<String>`, settings that are secret are
//! `impl Into<SecretString>`, and arguments that are only read are `&str`. Lengths of time are
//! [`Duration`](std::time::Duration), points in time are [`SystemTime`](std::time::SystemTime). Secrets
//! and tokens never appear in `Debug`, in errors or in logs.
//!
//! # Features
//!
//! | Name | Effect | Default |
//! | --- | --- | --- |
//! | `rustls` | TLS by rustls on aws-lc-rs, with the platform's certificates | yes |
//! | `blocking` | [`blocking`](https://docs.rs/fief-client/latest/fief_client/blocking/): the same methods for programs without an async runtime | no |
//! | `cli` | [`cli`](https://docs.rs/fief-client/latest/fief_client/cli/): logins of command-line tools, with a loopback listener and saved credentials | no |
//! | `metrics` | Counters of tokens and requests, see below | no |
//! | `native-tls` | TLS by the platform's own library | no |
//!
//! # Metrics
//!
//! With the feature `metrics`, on the [`metrics`](https://docs.rs/metrics) facade:
//!
//! | Name | What |
//! | --- | --- |
//! | `fief_client_access_tokens_total{outcome}` | access tokens that were found in the cache (`cached`) or `verified`, that are `expired`, otherwise invalid (`rejected`), or that were not validated since Fief's keys could not be fetched (`failed`) |
//! | `fief_client_keys_fetched_at_seconds` | gauge: the Unix time at which the keys were fetched |
//! | `fief_client_rejections_total{of, reason}` | access tokens (`access_token`), ID tokens (`id_token`), discovery documents (`discovery`) and webhooks (`webhook`) that were rejected, by the [label](Reason::label) of the reason |
//! | `fief_client_requests_total{path, status}` | requests to Fief; the status is `none` without a response |
//!
//! # Logs
//!
//! On [`tracing`](https://docs.rs/tracing), with the target `fief_client`: failed fetches of the
//! discovery document and the keys at `warn`, validated and rejected tokens at `debug`, and clocks that differ at `warn`,
//! at most once a minute. An error is logged with its sources, so that "no response from Fief" says why.
//!
//! [`reasons`] says what each reason for a rejection means, and what to do.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod access_token;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
#[cfg(feature = "cli")]
pub mod cli;
mod client;
mod clock;
pub mod crypto;
mod discovery;
mod error;
mod fief;
#[cfg(fuzzing)]
#[doc(hidden)]
#[allow(missing_docs, reason = "for the fuzz targets alone")]
pub mod fuzzing;
#[doc(hidden)]
pub mod internal;
mod jose;
mod keys;
mod login;
mod metrics;
pub mod pkce;
mod provider;
#[doc = include_str!("error/reasons.md")]
pub mod reasons {}
mod secret;
mod tenants;
mod transport;
mod user;

pub use crate::fief::webhook;
/// HTTP types, such as the status in [`FiefError::Request`].
pub use http;
/// The HTTP client, for [`FiefBuilder::http_client`].
pub use reqwest;
/// The type of secrets, for setters such as [`FiefBuilder::client_secret`].
pub use secrecy;

pub use crate::{
    access_token::{FiefAccessTokenInfo, FiefAcr, Requirements},
    builder::FiefBuilder,
    client::Fief,
    error::{FiefError, Reason, RequestDetail},
    keys::{Failure, FailureKind, Health},
    login::{
        AuthCallbackParams, AuthorizationRequest, AuthorizationResponse, FiefTokenResponse,
        LoginAttempt, PendingTokens, Prompt, RefreshParams, Screen,
    },
    tenants::Tenants,
    transport::{ClientAuth, TransportError},
    user::FiefUserInfo,
};
