//! Logins and credentials of command-line tools.
//!
//! [`FiefAuth::login`] opens the browser, receives the redirect on this machine
//! ([RFC 8252](https://www.rfc-editor.org/rfc/rfc8252)) and saves the tokens. Later runs of the tool use and refresh them:
//!
//! ```no_run
//! use fief_client::{Fief, cli::{FiefAuth, FiefAuthError}};
//!
//! # async fn example() -> Result<(), FiefAuthError> {
//! let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
//! let auth = FiefAuth::new(fief, "castles")?; // ~/.config/castles/credentials.json
//! let token = match auth.access_token().await {
//!     Err(error) if error.needs_login() => {
//!         auth.login().await?;
//!         auth.access_token().await?
//!     }
//!     token => token?,
//! };
//! println!("{} {}", auth.current_user().await?.sub, token.access_token());
//! # Ok(()) }
//! ```
//!
//! Register a *public* client with Fief, with the redirect URI `http://127.0.0.1:51562/callback`: what is inside of a tool
//! that is given to users is no secret. Fief compares the whole URI, so the port is fixed;
//! [`redirect_uri`](Login::redirect_uri) is for another one.
//!
//! # Without a browser
//!
//! Over SSH and in containers no browser can be opened. The login then shows its URL, which the user opens in any browser.
//! If that is on another machine, it ends with an error, since nothing listens there: the user pastes the address of that page
//! into the terminal. It is checked like a redirect. The same helps if the port is in use.
//!
//! # Progress
//!
//! The login writes its progress to standard error. With [`on_event`](Login::on_event) the tool shows it in its own way; the
//! repository's `examples/cli` has a spinner.
//!
//! # Security
//!
//! - Each login has its own state, nonce and PKCE verifier. The listener accepts connections from this machine only and
//!   responds to a `GET` of the redirect URI with the login's state. Any other request, from a page in the browser or a program
//!   on the machine, is rejected and does not end the login. A code is used once.
//! - Other users of the machine may see the URL in the list of processes when the browser is opened. They cannot use the code,
//!   but they can end the login, also with an account of their own.
//! - Only the owner can read the credentials (mode 0600). A file that other users can access is not used. On Windows it is
//!   protected by the permissions of the user's profile, in which it is.
//! - The file is replaced as a whole, and locked while tokens are refreshed, since Fief invalidates a refresh token as soon as
//!   it is used. If the process is killed between Fief's response and the write, the user has to log in again. A temporary file that is left then is as private,
//!   and removed by the next write or logout.
//! - Other content at its path is "not logged in". A login moves it to the same name with `.bak`.
//! - The access token is validated each time, with keys that are fetched. The saved user is not: do not grant anything by it.

mod auth;
mod browser;
mod connection;
mod credentials;
mod error;
mod event;
mod exchange;
mod file;
mod listener;
mod lock;
mod login;
mod page;
mod paste;
mod platform;
mod redirect;
mod renew;
mod signal;
mod store;
mod waiting;

#[cfg(fuzzing)]
pub(crate) use self::redirect::pasted;
pub use self::{auth::FiefAuth, error::FiefAuthError, event::LoginEvent, login::Login};
