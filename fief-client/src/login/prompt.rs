use crate::fief;

/// Whether Fief shows pages ([OpenID Connect Core, section 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Prompt {
    /// Asks for consent. Fief shows the page only where consent is not given yet.
    Consent,
    /// Shows the login page even to those with a session.
    Login,
    /// Shows no page: `login_required` without a session. Where Fief needs another page than that, it shows it.
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

/// The page that a visitor without a session sees first.
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
