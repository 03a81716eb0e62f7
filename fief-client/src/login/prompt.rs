use crate::fief;

/// Choice of the pages that Fief shows during a login
/// ([OpenID Connect Core, section 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)).
/// See [`AuthorizationRequest::prompt`](crate::AuthorizationRequest::prompt).
///
/// ```
/// use fief_client::{AuthorizationRequest, Prompt};
///
/// // Log in without a page, if the user has a session at Fief; `login_required` otherwise.
/// let silent = AuthorizationRequest::new().prompt(Prompt::None);
/// # let _ = silent;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Prompt {
    /// Requests consent. Fief shows its page only if consent has not been given yet.
    Consent,
    /// Shows the login page also to users with a session.
    Login,
    /// Shows no login page: the error is `login_required` if the user has no session. If another page is
    /// necessary, Fief shows it nevertheless.
    None,
}

impl Prompt {
    /// Returns the value of the `prompt` parameter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Login => "login",
            Self::None => "none",
        }
    }
}

/// Page that a user without a session at Fief gets first. See
/// [`AuthorizationRequest::screen`](crate::AuthorizationRequest::screen).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Screen {
    /// The login page.
    Login,
    /// The sign-up page.
    Register,
}

impl Screen {
    /// Returns the value of the `screen` parameter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => fief::SCREEN_LOGIN,
            Self::Register => fief::SCREEN_REGISTER,
        }
    }
}
