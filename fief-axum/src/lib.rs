//! Authentication of [axum](https://docs.rs/axum) applications with [Fief](https://docs.fief.dev), the self-hosted OAuth
//! 2.0 and OpenID Connect server: a Tower layer, guards, extractors, and ready-made login, callback and logout routes.
//!
//! # An API
//!
//! Clients send bearer tokens. [`Authenticated`] extracts the validated token, and
//! [`require`](FiefAuth::require) returns a guard for scopes, permissions and more:
//!
//! ```
//! use axum::{Json, Router, routing::{get, post}};
//! use fief_axum::{Authenticated, FiefAuth, fief_client::{Fief, FiefAccessTokenInfo}};
//!
//! let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
//!     .client_secret("SECRET")
//!     .build()?;
//! let auth = FiefAuth::new(fief);
//!
//! let build = auth.require().permission("castles:create");
//! let app: Router = Router::new()
//!     .route("/castles", post(create).route_layer(build))
//!     .route("/me", get(me))
//!     .layer(auth.layer());
//!
//! async fn me(Authenticated(token): Authenticated) -> Json<FiefAccessTokenInfo> {
//!     Json(token)
//! }
//! async fn create() {}
//! # Ok::<(), fief_axum::fief_client::FiefError>(())
//! ```
//!
//! # A web application
//!
//! Visitors are redirected to log in and return to the page that they requested. The session is kept in sealed cookies,
//! or in a [session store](FiefAuthBuilder::session_store):
//!
//! ```
//! use axum::{Router, response::Html, routing::get};
//! use fief_axum::{CurrentUser, FiefAuth, SessionKey, fief_client::Fief};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let session_key = SessionKey::generate()?;
//! let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
//!     .client_secret("SECRET")
//!     .build()?;
//! let auth = FiefAuth::builder(fief).login("https://app.example.com", session_key).build()?;
//!
//! let app: Router = Router::new()
//!     .route("/castles", get(castles))
//!     .route_layer(auth.require())
//!     .merge(auth.routes())
//!     .layer(auth.layer());
//!
//! async fn castles(CurrentUser(user): CurrentUser) -> Html<String> {
//!     # let _ = user;
//!     Html("...".into())
//! }
//! # Ok(()) }
//! ```
//!
//! # Where to find what
//!
//! The [guide](https://docs.rs/fief-axum/latest/fief_axum/guide/) has a page for each kind of application.
//!
//! | To | use |
//! | --- | --- |
//! | know the user or the token in a handler | [`Authenticated`], [`CurrentUser`], [`FreshUser`], [`CurrentSession`] |
//! | protect routes | [`FiefAuth::require`], [`FiefAuth::paths`], [`Authorized`] with a [`Policy`] |
//! | log in and out | [`FiefAuthBuilder::login`], [`FiefAuth::routes`] |
//! | accept or reject logins, and keep a value in the session | [`FiefAuthBuilder::on_login`] |
//! | let a load balancer know whether the application is ready | [`FiefAuthBuilder::ready_route`] |
//! | log a user out everywhere | [`FiefAuth::revoke_user_sessions`], [`FiefAuth::deny_user`] |
//! | accept tokens of other headers, or of WebSockets | [`FiefAuthBuilder::token_source`], [`FiefAuthBuilder::websocket_token_prefix`] |
//! | accept requests of other origins with the session | [`FiefAuthBuilder::trusted_origin`] |
//! | CORS | [the guide](https://docs.rs/fief-axum/latest/fief_axum/guide/single_page/) |
//! | change profile, password or e-mail address | [`Account`] |
//! | change responses and pages | [`FiefAuthBuilder::on_rejection`], [`FiefAuthBuilder::on_login_page`] |
//! | find out why a request is rejected | [`reasons`] |
//! | know how many requests clients can cause at Fief | [`load`] |
//! | test an application | [fief-test-server](https://docs.rs/fief-test-server) |
//!
//! # Features
//!
//! | Name | Effect | Default |
//! | --- | --- | --- |
//! | `rustls` | TLS to Fief by rustls on aws-lc-rs, with the platform's certificates | yes |
//! | `native-tls` | TLS to Fief by the platform's own library | no |
//! | `metrics` | metrics on the [`metrics`](https://docs.rs/metrics) facade, see below | no |
//! | `tower-sessions` | [`FiefAuthBuilder::session_store`](https://docs.rs/fief-axum/latest/fief_axum/struct.FiefAuthBuilder.html): sessions in any store of [tower-sessions](https://docs.rs/tower-sessions) | no |
//! | `utoipa` | adds security schemes and requirements to OpenAPI documents of [utoipa](https://docs.rs/utoipa) | no |
//! | `webhooks` | [`FiefAuthBuilder::webhooks`](https://docs.rs/fief-axum/latest/fief_axum/struct.FiefAuthBuilder.html): changes of users and permissions take effect sooner | no |
//!
//! # Logs and metrics
//!
//! Rejections and validated tokens are `tracing` events at the level `debug`, with the reason and the key id, and never
//! with a token; [`reasons`] says what each means and what to do. Misconfigurations are events at `error`. What clients can
//! cause again is logged once in half a minute. With the feature `metrics` these are recorded, in addition to
//! [those of fief-client](https://docs.rs/fief-client/latest/fief_client/#metrics):
//!
//! | Name | Counts |
//! | --- | --- |
//! | `fief_axum_requests_total{outcome}` | authenticated requests by outcome: `authenticated`, or as the next line |
//! | `fief_axum_rejections_total{error}` | rejected requests by `error` code; an expired token is `expired_token` |
//! | `fief_axum_users_total{from}` | lookups of user info, by source: `cache` or `fief` |
//! | `fief_axum_refreshes_total{outcome}` | refreshes of sessions: `refreshed`, `rejected`, `ended` or `failed` |
//! | `fief_axum_webhooks_total{outcome}` | deliveries of webhooks: `handled`, `rejected` or `failed` |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod builder;
mod catch_panic;
mod cookie;
mod error;
mod extract;
mod flight;
mod future;
// Documentation only. Its pages are about features as well.
#[cfg(all(
    doc,
    feature = "tower-sessions",
    feature = "utoipa",
    feature = "webhooks"
))]
#[cfg_attr(docsrs, doc(auto_cfg = false))]
pub mod guide;
mod health;
mod layer;
#[doc = include_str!("guide/load.md")]
pub mod load {}
mod log;
mod metrics;
#[cfg(feature = "utoipa")]
mod openapi;
#[doc = include_str!("rejection/reasons.md")]
pub mod reasons {}
mod rejection;
mod request;
mod require;
mod response;
mod routes;
mod session;
mod shared;
mod user;
#[cfg(feature = "webhooks")]
mod webhook;

/// The client of the Fief server, whose types appear in this crate's API.
pub use fief_client;
/// The traits of session stores, for [`FiefAuthBuilder::session_store`].
#[cfg(feature = "tower-sessions")]
pub use tower_sessions_core;
/// OpenAPI documents, for [`RequireLayer::describe`] and [`PathsLayer::describe`].
#[cfg(feature = "utoipa")]
pub use utoipa;

#[cfg(feature = "webhooks")]
pub use crate::webhook::{Webhook, WebhookRejection};
pub use crate::{
    auth::FiefAuth,
    builder::FiefAuthBuilder,
    cookie::SessionKey,
    error::Error,
    extract::{
        Account, AccountError, Authenticated, Authorized, CurrentSession, CurrentUser, FreshUser,
        Policy,
    },
    future::ResponseFuture,
    health::AuthHealth,
    layer::{AuthLayer, AuthService},
    rejection::{Rejection, kind::RejectionKind},
    request::{
        owned::preferred_language,
        token_request::{FoundToken, TokenRequest},
    },
    require::{layer::RequireLayer, paths::PathsLayer, service::RequireService},
    routes::{AcceptedLogin, Login, LoginPage, LoginPageKind},
    session::{RefreshDecision, SessionId, SessionRefresh},
    user::cache::{UserCache, UserKey},
};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
