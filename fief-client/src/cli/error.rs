use std::{io, path::PathBuf};

use crate::{FiefError, error::ErrorClass};

/// Error of the logins and the credentials of a command-line tool.
///
/// [`needs_login`](Self::needs_login) says whether a login helps. As with [`FiefError`], messages never contain a token, a
/// secret or a URL with one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FiefAuthError {
    /// Fief sent the browser back without a code, and without an error.
    #[doc(alias = "FiefAuthAuthorizationCodeMissingError")]
    #[error("Fief sent the browser back without a code")]
    AuthorizationCodeMissing,
    /// The file with the credentials cannot be read, written or locked.
    #[error("the credentials at {} cannot be used", path.display())]
    #[non_exhaustive]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What failed. A lock that another process does not release within 30 seconds is a
        /// [`TimedOut`](io::ErrorKind::TimedOut).
        source: io::Error,
    },
    /// An error of the client.
    #[error(transparent)]
    Fief(#[from] FiefError),
    /// The address to which Fief sends the browser cannot be listened on, and no address can be pasted. Often another
    /// program uses the port: an [`AddrInUse`](io::ErrorKind::AddrInUse).
    #[error("the redirect cannot be received on port {port}")]
    #[non_exhaustive]
    Listener {
        /// The port.
        port: u16,
        /// Why it cannot be used.
        source: io::Error,
    },
    /// There are no credentials: the user has not logged in, or has logged out.
    ///
    /// Also if the file contains something else, belongs to another client or Fief server, cannot be read, or can be
    /// accessed by other users.
    #[doc(alias = "FiefAuthNotAuthenticatedError")]
    #[error("not logged in")]
    NotAuthenticated,
    /// The access token has expired, and there is no refresh token: Fief did not issue one, or has rejected it before.
    #[doc(alias = "FiefAuthRefreshTokenMissingError")]
    #[error("the login has expired")]
    RefreshTokenMissing,
    /// The browser did not come back in time.
    #[error("the login was not completed in time")]
    TimedOut,
}

impl FiefAuthError {
    /// Returns `true` if the user has to log in (again) before the call can succeed.
    ///
    /// ```no_run
    /// use fief_client::{FiefAccessTokenInfo, cli::{FiefAuth, FiefAuthError}};
    ///
    /// /// Logs in only if that is necessary.
    /// async fn access_token(auth: &FiefAuth) -> Result<FiefAccessTokenInfo, FiefAuthError> {
    ///     match auth.access_token().await {
    ///         Err(error) if error.needs_login() => {
    ///             auth.login().await?;
    ///             auth.access_token().await
    ///         }
    ///         result => result,
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn needs_login(&self) -> bool {
        match self {
            Self::NotAuthenticated | Self::RefreshTokenMissing => true,
            Self::Fief(error) => is_session_over(error),
            Self::AuthorizationCodeMissing
            | Self::Credentials { path: _, source: _ }
            | Self::Listener { port: _, source: _ }
            | Self::TimedOut => false,
        }
    }
}

/// Returns `true` if the tokens that Fief issued before cannot be used any more.
fn is_session_over(error: &FiefError) -> bool {
    match error.clone().into_class() {
        ErrorClass::Expired | ErrorClass::IdToken | ErrorClass::Invalid => true,
        ErrorClass::Status(status, _) => status == 401 || is_invalid_grant(error),
        ErrorClass::Authorization(_)
        | ErrorClass::Callback
        | ErrorClass::Configuration
        | ErrorClass::Inactive
        | ErrorClass::Response
        | ErrorClass::TokensPending
        | ErrorClass::Transport
        | ErrorClass::Unmet(_)
        | ErrorClass::Webhook => false,
    }
}

/// Returns `true` if Fief rejected a refresh token.
pub(super) fn is_invalid_grant(error: &FiefError) -> bool {
    matches!(error, FiefError::Request { detail, .. } if detail.code() == Some("invalid_grant"))
}
