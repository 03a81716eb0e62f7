//! Test server for applications that use [Fief](https://docs.fief.dev): a Fief that runs inside a
//! test or on a development machine, without Python, Redis and a database.
//!
//! It speaks Fief's wire format, quirks included, and signs its tokens with real keys. The same
//! contract suite runs against it and against Fief 0.30, so what works with one works with the
//! other. It works with a client in any language.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use fief_test_server::{Client, Endpoint, Fault, FiefTestServer, User};
//!
//! # #[tokio::main]
//! # async fn main() -> std::io::Result<()> {
//! // A server with a confidential client, and with the user anne@example.com, whose password is
//! // "herminetincture".
//! let server = FiefTestServer::start().await;
//! println!("{} {} {}", server.url(), server.client_id(), server.client_secret());
//!
//! // Tokens of any kind, without a login.
//! let valid = server.access_token().permission("castles:create").acr("1").mint();
//! let expired = server.access_token().expired().mint();
//! let forged = server.access_token().unpublished_key().mint();
//!
//! // A login without a browser: returns the URL that the browser would be redirected to.
//! let url = format!(
//!     "{}/authorize?response_type=code&scope=openid&state=st&client_id={}\
//!      &redirect_uri=http://127.0.0.1:3000/auth-callback",
//!     server.url(),
//!     server.client_id(),
//! );
//! let callback = server.log_in("anne@example.com", url).await;
//! assert!(callback.starts_with("http://127.0.0.1:3000/auth-callback?code="));
//!
//! // A day passes, the keys are rotated, a user becomes inactive, an endpoint fails.
//! server.advance(Duration::from_secs(86_400));
//! server.rotate_key();
//! server.set_active("anne@example.com", false);
//! server.fault(Endpoint::Userinfo, Fault::status(503));
//! assert_eq!(server.requests(Endpoint::Userinfo), 0);
//!
//! // A server with other tenants, clients and users.
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
//! # Use in tests
//!
//! Configure the application under test with the server's [`url`], [`client_id`] and
//! [`client_secret`] and, if the test depends on the time, with its [`clock`]. For example, an
//! application that uses `fief-axum`:
//!
//! ```ignore
//! use axum::{body::Body, http::Request};
//! use fief_axum::fief_client::Fief;
//! use fief_test_server::FiefTestServer;
//! use tower::ServiceExt;
//!
//! #[tokio::test]
//! async fn creating_a_castle_requires_the_permission() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = FiefTestServer::start().await;
//!     let fief = Fief::builder(server.url(), server.client_id())
//!         .client_secret(server.client_secret())
//!         .clock(server.clock())
//!         .build()?;
//!     let token = server.access_token().permission("castles:read").mint();
//!     let request = Request::post("/castles").header("authorization", format!("Bearer {token}"));
//!     let response = app(fief).oneshot(request.body(Body::empty())?).await?;
//!     assert_eq!(response.status(), 403);
//!     Ok(())
//! }
//! ```
//!
//! Start a server per test: it takes less than a millisecond, except for the first one of a
//! process, which generates the signing key. Each server has its own thread, port, users and time,
//! so tests can run in parallel, and on any runtime.
//!
//! With tokio's time paused (`#[tokio::test(start_paused = true)]`), tokio advances its time to the
//! next timer whenever all tasks of the test wait. A task that waits for a response of this server
//! is one of them, so the time-outs of clients end most requests before their responses arrive.
//! Everything that sends no request works: starting a server, minting tokens, [`log_in`], the
//! server's own [`clock`], which tokio's does not change, and faults. Wrap what sends requests,
//! such as the application's routes of a login, in [`without_auto_advance`].
//!
//! Which method to use:
//!
//! | To test | Use |
//! | --- | --- |
//! | an API, with tokens that are valid, expired or forged | [`access_token`] |
//! | how a client verifies ID tokens | [`id_token`] |
//! | an application's pages: logins, cookies, redirects and forms | [`browser`] |
//! | a login, from `/authorize` to the callback | [`log_in`] |
//! | sessions that expire, caches that become stale | [`clock`], [`advance`], [`set_time`] |
//! | key rotation | [`rotate_key`], [`add_key`], [`remove_key`] |
//! | a Fief that fails, hangs or is slow | [`fault`], [`fault_once`], [`Fault`] |
//! | a Fief that is down | drop the server, which closes its connections; an application that has its keys goes on |
//! | that responses are cached, or requests not repeated | [`requests`], [`wait_for_requests`] |
//! | users that change or are deleted | [`add_user`], [`set_active`], [`set_permissions`], [`delete_user`] |
//! | webhooks | [`add_webhook`], [`send_webhook`] |
//!
//! # Use on a development machine
//!
//! The binary serves a Fief with users and clients to develop with, and pages to log in and sign
//! up. It prints its settings as lines that a shell can source, and runs until it is killed. On the
//! standard error it prints the codes that Fief would mail, and the redirect URIs that it rejects.
//!
//! ```sh
//! cargo install fief-test-server
//! fief-test-server --port 8000 > fief.env &
//! until [ -s fief.env ]; do sleep 0.1; done
//! set -a && . ./fief.env && set +a
//! curl "$FIEF_BASE_URL/.well-known/openid-configuration"
//! ```
//!
//! | Option | Effect | Default |
//! | --- | --- | --- |
//! | `--port` | the port; 0 is any free one | `8000` |
//! | `--listen` | the IP address, for containers | `127.0.0.1` |
//! | `--domain` | domain of the issuers | address and port |
//! | `--user` | `EMAIL:PASSWORD[:PERMISSION,..]`: a user, instead of the default ones | |
//! | `--field` | `EMAIL:SLUG=VALUE`: a field of a user before it; the value is JSON or text | |
//! | `--client` | `ID[:SECRET][,public][,third-party][,encrypted][,tenant=SLUG]`: a client, instead of the default ones | |
//! | `--client-id` | id of the first default client | `castles` |
//! | `--client-secret` | its secret | `castles-secret` |
//! | `--redirect-uri` | a redirect URI of the client before it, or of the first default one; may be repeated | any absolute one |
//! | `--tenant` | slug of a tenant in addition to the default one | |
//! | `--token-lifetime` | seconds, of access and ID tokens of all clients | `86400` |
//! | `--seed` | a JSON file with tenants, fields, clients and users | |
//! | `--control` | port on 127.0.0.1 of the control API; 0 is any free one | it is off |
//!
//! By default there are two users, `anne@example.com` (`FIEF_USER_*`) and `louis@example.com`
//! (`FIEF_USER2_*`; further users are not printed), and three clients: a confidential one (`FIEF_CLIENT_*`), a public one
//! (`FIEF_PUBLIC_CLIENT_ID`), and a third-party one, for which users see the consent page
//! (`FIEF_THIRD_PARTY_CLIENT_*`). Ids of users are the same at each start. Everything else is in
//! memory and lost at the end.
//!
//! A seed file, all of it optional but the ids, addresses and passwords:
//!
//! ```json
//! {
//!   "tenants": ["second"],
//!   "fields": [{"slug": "birthdate", "type": "date", "required": true}],
//!   "clients": [{
//!     "id": "castles",
//!     "secret": "s3cret",
//!     "redirect_uris": ["http://127.0.0.1:3000/auth-callback"]
//!   }],
//!   "users": [{
//!     "email": "claude@example.com",
//!     "password": "salamander-and-swan",
//!     "permissions": ["castles:read"],
//!     "fields": {"birthdate": "1499-10-13"},
//!     "tenant": "second",
//!     "verified": false
//!   }]
//! }
//! ```
//!
//! # Control from other languages
//!
//! With `--control`, tests in any language do over HTTP what the handle's methods do: faults, the
//! clock, keys, request counters, users, clients, webhooks and tokens. `GET /openapi.json` describes
//! all of it.
//!
//! ```sh
//! fief-test-server --port 8000 --control 8001 > fief.env &
//! until [ -s fief.env ]; do sleep 0.1; done
//! set -a && . ./fief.env && set +a
//! curl -X PUT "$FIEF_CONTROL_URL/faults/userinfo" \
//!   --json '{"kind": "status", "status": 503}'
//! curl -X DELETE "$FIEF_CONTROL_URL/faults"
//! curl -X POST "$FIEF_CONTROL_URL/clock/advance" --json '{"seconds": 90000}'
//! token=$(fief-test-server token --permission castles:read)
//! curl -H "Authorization: Bearer $token" http://127.0.0.1:3000/castles
//! ```
//!
//! Options of `token`:
//!
//! | Option | Effect | Default |
//! | --- | --- | --- |
//! | `--control` | URL of the control API | `$FIEF_CONTROL_URL` |
//! | `--user` | e-mail address of the user | the first one |
//! | `--client` | id of the client | the first one |
//! | `--permission` | a permission; may be repeated | those of the user |
//! | `--scope` | scopes, separated by spaces | `openid` |
//! | `--acr` | `0` or `1` | `0` |
//! | `--expires-in` | seconds; a negative number has expired | `86400` |
//!
//! The clock is that of this server alone. To see how an application of another process treats a token that
//! has expired, pass `--token-lifetime 5` and wait for 65 seconds: clients tolerate a minute of difference. To log
//! in as if it were some minutes ago, `PUT /clock` with that time, log in, and `PUT /clock` with the time of
//! now. A clock that was set stands still.
//!
//! # Security
//!
//! Never expose a server to a network. It listens on 127.0.0.1 unless another address is set, its
//! passwords and secrets are public, it stores them in the clear, and it shows verification codes
//! instead of mailing them.
//!
//! The control API always listens on 127.0.0.1, and any program on the machine can use it. It rejects
//! what pages of other sites make a browser send.
//!
//! # Differences from Fief
//!
//! It is simpler:
//!
//! - There is no admin API, no mail, no password reset, and no social login. Permissions are
//!   granted to users without roles. `/verify` shows the code that Fief would mail, as does
//!   [`verification_code`].
//! - Registration takes one page, without user fields.
//! - Errors are in English and French, with texts of its own in French. Everything else on its pages
//!   is in English. Fief knows more languages, and responds with 500 to a name that is not a language.
//! - A login that took more than an hour ends with an error page; Fief restarts it.
//! - Countries, time zones and phone numbers are checked by their format. The reasons why an
//!   internationalized domain is invalid have no details.
//! - Parts of a form that are files are ignored; Fief responds with 422. The health check has another
//!   text, and responses lack Fief's `Content-Security-Policy` and similar headers.
//! - All clients share one key to encrypt ID tokens.
//! - Webhooks are sent over http or https, and certificates are not verified. `user.created`, `user.updated`, `user.deleted`,
//!   `user_permission.created` and `user_permission.deleted` are sent automatically, all further
//!   events with [`send_webhook`].
//!
//! It is stricter:
//!
//! - If a refresh token is used twice at the same instant, exactly one request succeeds. With
//!   Fief, sometimes both do.
//! - Redirect URIs are compared with the registered ones as they were given. Fief normalises them.
//! - Bodies are limited to 64 KiB. Of codes, sessions and refresh tokens, only the newest 65 536
//!   are kept.
//!
//! And it is more lenient:
//!
//! - A client without registered redirect URIs accepts any absolute one.
//! - Keys can be rotated, which Fief never does.
//!
//! [`access_token`]: FiefTestServer::access_token
//! [`add_key`]: FiefTestServer::add_key
//! [`add_user`]: FiefTestServer::add_user
//! [`add_webhook`]: FiefTestServer::add_webhook
//! [`advance`]: FiefTestServer::advance
//! [`client_id`]: FiefTestServer::client_id
//! [`client_secret`]: FiefTestServer::client_secret
//! [`browser`]: FiefTestServer::browser
//! [`clock`]: FiefTestServer::clock
//! [`delete_user`]: FiefTestServer::delete_user
//! [`fault`]: FiefTestServer::fault
//! [`fault_once`]: FiefTestServer::fault_once
//! [`id_token`]: FiefTestServer::id_token
//! [`log_in`]: FiefTestServer::log_in
//! [`remove_key`]: FiefTestServer::remove_key
//! [`requests`]: FiefTestServer::requests
//! [`rotate_key`]: FiefTestServer::rotate_key
//! [`send_webhook`]: FiefTestServer::send_webhook
//! [`set_active`]: FiefTestServer::set_active
//! [`set_permissions`]: FiefTestServer::set_permissions
//! [`set_time`]: FiefTestServer::set_time
//! [`url`]: FiefTestServer::url
//! [`verification_code`]: FiefTestServer::verification_code
//! [`wait_for_requests`]: FiefTestServer::wait_for_requests
//! [`without_auto_advance`]: FiefTestServer::without_auto_advance

mod accounts;
mod auto_advance;
mod browser;
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
mod notice;
mod serve;
mod server;
mod shared;
mod state;
mod traffic;
mod webhook;

pub use browser::{Browser, Page};
pub use builder::FiefTestServerBuilder;
pub use endpoint::{Endpoint, UnknownEndpoint};
pub use fault::Fault;
pub use keys::Algorithm;
pub use mint::{AccessTokenBuilder, IdTokenBuilder};
pub use notice::Notice;
pub use server::FiefTestServer;
pub use state::{Client, FieldType, User, UserField};
