//! What the server has to say to a developer.

use std::fmt;

/// Notice for a developer: what Fief would mail, and why a login failed.
///
/// See [`FiefTestServerBuilder::on_notice`](crate::FiefTestServerBuilder::on_notice). Its `Display`
/// is one line.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// A login was rejected because of its redirect URI.
    #[non_exhaustive]
    RedirectUriRejected {
        /// The client's id.
        client_id: String,
        /// The one that was requested. It is empty if it is missing.
        redirect_uri: String,
        /// Those that the client has.
        registered: Vec<String>,
    },
    /// A code verifies an e-mail address.
    #[non_exhaustive]
    VerificationCode {
        /// The address that it verifies.
        email: String,
        /// The code.
        code: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RedirectUriRejected {
                client_id,
                redirect_uri,
                registered,
            } => {
                write!(
                    f,
                    "redirect URI {redirect_uri:?} is not one of client {client_id:?}: "
                )?;
                match registered.as_slice() {
                    [] => write!(f, "it is not absolute"),
                    uris => write!(f, "{}", uris.join(", ")),
                }
            }
            Self::VerificationCode { email, code } => {
                write!(f, "code for {email}: {code}")
            }
        }
    }
}
