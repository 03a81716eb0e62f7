//! A [Fief](https://docs.fief.dev) authentication server that runs inside a test or on a
//! development machine, without Python, Redis and a database.
//!
//! It speaks Fief's wire format, quirks included, so that what works against it works against
//! the real server: the same contract suite is run against both. Do not expose it to others;
//! it listens on 127.0.0.1 only.
//!
//! ```
//! use std::time::Duration;
//! use fief_test_server::{Client, Endpoint, Fault, FiefTestServer, User};
//!
//! # #[tokio::main]
//! # async fn main() -> std::io::Result<()> {
//! // One confidential client, and anne@example.com with the password "herminetincture".
//! let server = FiefTestServer::start().await;
//! println!("{} {} {}", server.url(), server.client_id(), server.client_secret());
//!
//! // Tokens of any kind, without a login.
//! let good = server.access_token().permission("castles:create").acr("1").mint();
//! let expired = server.access_token().expired().mint();
//! let forged = server.access_token().unpublished_key().mint();
//!
//! // A login without a page: what the browser would be sent back to.
//! let url = format!(
//!     "{}/authorize?response_type=code&scope=openid&state=st&client_id={}\
//!      &redirect_uri=http://127.0.0.1:3000/auth-callback",
//!     server.url(),
//!     server.client_id(),
//! );
//! let callback = server.log_in("anne@example.com", url).await;
//! assert!(callback.starts_with("http://127.0.0.1:3000/auth-callback?code="));
//!
//! // Whatever can go wrong.
//! server.advance(Duration::from_secs(86_400));
//! server.rotate_key();
//! server.set_active("anne@example.com", false);
//! server.fault(Endpoint::Userinfo, Fault::status(503));
//! assert_eq!(server.requests(Endpoint::Userinfo), 0);
//!
//! // Another Fief.
//! let server = FiefTestServer::builder()
//!     .tenant("second")
//!     .client(Client::new("castles").secret("s3cret").third_party())
//!     .user(User::new("louis@example.com", "porcupine").permission("castles:read"))
//!     .start()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # In a test
//!
//! A server starts in less than a millisecond, but for the first of a process, which makes the
//! signing key. It lives on a thread of its own, so that it does not matter which runtime the
//! test has, or whether its time is paused; any number can run at once, each on its own port.
//! Dropping it closes its connections, which is how an application is tested whose Fief is down.
//!
//! The application under test needs [`url`](FiefTestServer::url),
//! [`client_id`](FiefTestServer::client_id) and
//! [`client_secret`](FiefTestServer::client_secret), and, when time matters, the server's
//! [`clock`](FiefTestServer::clock). Here it is one that uses `fief-axum`:
//!
//! ```ignore
//! #[tokio::test]
//! async fn creating_a_castle_needs_the_permission() {
//!     let server = FiefTestServer::start().await;
//!     let fief = Fief::builder(server.url(), server.client_id())
//!         .client_secret(server.client_secret())
//!         .clock(server.clock())
//!         .build()?;
//!     let token = server.access_token().permission("castles:read").mint();
//!     let request = Request::post("/castles").header("authorization", format!("Bearer {token}"));
//!     let response = app(fief).oneshot(request.body(Body::empty())?).await?;
//!     assert_eq!(response.status(), 403);
//! }
//! ```
//!
//! # On a development machine
//!
//! The binary serves a Fief with users and clients to try things with, and prints its settings
//! as lines that a shell can source; `--help` lists its options.
//!
//! ```sh
//! fief-test-server --port 8000 > fief.env &
//! ```
//!
//! # Where it differs from Fief
//!
//! It is simpler:
//!
//! - There is no admin API, no mail, no forgotten password, no social login; permissions are
//!   given to users without roles. `/verify` shows the code that would be mailed, as does
//!   [`verification_code`](FiefTestServer::verification_code).
//! - Signing up takes one page, which asks for no user fields.
//! - Pages are in English whatever `lang` says. Responses are never compressed.
//! - A login that took more than an hour ends on an error page; Fief starts it anew.
//! - A password is strong with ten characters of which six differ; an address needs an `@`;
//!   countries, time zones and telephone numbers are checked by their shape.
//! - All clients share the key that encrypts ID tokens.
//! - Webhooks go to plain http. `user.created`, `user.updated`, `user.deleted`,
//!   `user_permission.created` and `user_permission.deleted` are sent by themselves, the other
//!   events with [`send_webhook`](FiefTestServer::send_webhook).
//!
//! It is stricter:
//!
//! - Of refreshes at the same instant with one token exactly one succeeds; of Fief's, now and
//!   then two do.
//! - Redirect URIs are compared with what was registered as it was given, which Fief normalises.
//! - Bodies end at 64 KiB. Codes, sessions and refresh tokens beyond 65 536 make the oldest go.
//!
//! And it is more lenient: a client without registered redirect URIs accepts any absolute one,
//! and keys can be rotated, which Fief never does.

mod builder;
mod claims;
mod clock;
mod control;
mod crypto;
mod endpoint;
mod endpoints;
mod fault;
mod http;
mod keys;
mod log_in;
mod mint;
mod serve;
mod server;
mod shared;
mod state;
mod traffic;
mod webhook;

pub use builder::FiefTestServerBuilder;
pub use endpoint::Endpoint;
pub use fault::Fault;
pub use keys::Algorithm;
pub use mint::{AccessTokenBuilder, IdTokenBuilder};
pub use server::FiefTestServer;
pub use state::{Client, FieldType, User, UserField};
