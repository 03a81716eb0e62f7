//! Protects [axum](https://docs.rs/axum) routes with [Fief](https://www.fief.dev): a Tower layer, guards, extractors,
//! and ready-made login, callback and logout routes.
//!
//! An API, called with bearer tokens:
//!
//! ```
//! use axum::{Json, Router, routing::{get, post}};
//! use fief_axum::{Authenticated, FiefAuth};
//! use fief_client::{Fief, FiefAccessTokenInfo};
//!
//! let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").client_secret("SECRET").build()?;
//! let auth = FiefAuth::new(fief);
//!
//! let app: Router = Router::new()
//!     .route("/castles", post(create).route_layer(auth.require().permission("castles:create")))
//!     .route("/me", get(me))
//!     .layer(auth.layer());
//!
//! async fn me(Authenticated(token): Authenticated) -> Json<FiefAccessTokenInfo> {
//!     Json(token)
//! }
//! async fn create() {}
//! # Ok::<(), fief_client::FiefError>(())
//! ```
//!
//! A web application, whose visitors are sent to log in and come back to the page that they asked for:
//!
//! ```
//! use axum::{Router, response::Html, routing::get};
//! use fief_axum::{CurrentUser, FiefAuth, SessionKey};
//! use fief_client::Fief;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let session_key = SessionKey::generate()?;
//! let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").client_secret("SECRET").build()?;
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
//! # Features
//!
//! | Name | Effect | Default |
//! | --- | --- | --- |
//! | `rustls` | TLS to Fief by rustls on aws-lc-rs, with the platform's certificates | yes |
//! | `native-tls` | TLS to Fief by the platform's own library | no |
//! | `metrics` | counts what happens, on the [`metrics`](https://docs.rs/metrics) facade | no |
//! | `tower-sessions` | keeps sessions in any store of [tower-sessions](https://docs.rs/tower-sessions) | no |
//! | `utoipa` | writes what guards require into documents of [utoipa](https://docs.rs/utoipa) | no |
//!
//! # Observability
//!
//! Requests that are turned away, and tokens that are verified or not good, are `tracing` events at `debug`, with the
//! reason and the key's id and never a token; mistakes of the application's own are at `error`. With the feature
//! `metrics`, besides what
//! [fief-client counts](https://docs.rs/fief-client/latest/fief_client/#metrics):
//!
//! | Name | What |
//! | --- | --- |
//! | `fief_axum_requests_total{outcome}` | requests whose sender was asked for: `authenticated`, or the `error` of the answer |
//! | `fief_axum_rejections_total{error}` | requests that were turned away, for lack of permissions too |
//! | `fief_axum_users_total{from}` | user info, from `cache` or `fief` |
//! | `fief_axum_refreshes_total{outcome}` | sessions that were `refreshed`, `refused`, `ended` or `failed` |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod builder;
mod cookie;
mod error;
mod extract;
mod flight;
mod future;
mod layer;
mod metrics;
#[cfg(feature = "utoipa")]
mod openapi;
mod rejection;
mod request;
mod require;
mod response;
mod routes;
mod session;
mod shared;
mod user;

pub use crate::{
    auth::FiefAuth,
    builder::FiefAuthBuilder,
    cookie::SessionKey,
    error::Error,
    extract::{
        Account, AccountError, Authenticated, Authorized, CurrentSession, CurrentUser, FreshUser,
        Policy,
    },
    layer::{AuthLayer, AuthService},
    rejection::{Rejection, kind::RejectionKind},
    require::{layer::RequireLayer, paths::PathsLayer, service::RequireService},
    routes::{LoginPage, LoginPageKind},
    user::cache::{UserCache, UserKey},
};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
