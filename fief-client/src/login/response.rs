use std::fmt;

use secrecy::SecretString;
use url::form_urlencoded;

use crate::{FiefError, fief};

/// Query of the callback, with which Fief sends the browser back
/// ([RFC 6749, section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).
///
/// ```
/// use fief_client::AuthorizationResponse;
///
/// let response = AuthorizationResponse::parse("code=CODE&state=STATE")?;
/// assert_eq!(response.state(), "STATE");
/// # Ok::<(), fief_client::FiefError>(())
/// ```
#[derive(Clone)]
pub struct AuthorizationResponse {
    pub(super) state: String,
    pub(super) iss: Option<String>,
    pub(super) code: Result<SecretString, FiefError>,
}

impl AuthorizationResponse {
    /// Parses the query of a callback, without its question mark.
    ///
    /// An error that Fief reports is parsed as well: [`Fief::finish_login`](crate::Fief::finish_login) returns
    /// it, if it belongs to the login. Unknown parameters are ignored.
    ///
    /// # Errors
    /// [`FiefError::CallbackInvalid`]: a parameter is missing, repeated, too long or not printable ASCII.
    pub fn parse(query: &str) -> Result<Self, FiefError> {
        let (mut state, mut code, mut error, mut iss) = (None, None, None, None);
        let mut description = String::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let (slot, limit) = match &*name {
                "state" => (&mut state, 256),
                "code" => (&mut code, 512),
                "error" => (&mut error, 64),
                "iss" => (&mut iss, 2048),
                "error_description" => {
                    fief::add_description(&mut description, &value);
                    continue;
                }
                _ => continue,
            };
            if value.is_empty()
                || value.len() > limit
                || !value.bytes().all(|b| matches!(b, b' '..=b'~'))
            {
                return Err(FiefError::CallbackInvalid(
                    "a parameter is empty, too long or not printable ASCII",
                ));
            }
            if slot.replace(value.into_owned()).is_some() {
                return Err(FiefError::CallbackInvalid("a parameter is repeated"));
            }
        }
        let code = match (code, error) {
            (Some(code), None) => Ok(code.into()),
            (None, Some(error)) => Err(FiefError::Authorization {
                error,
                description: Some(description).filter(|text| !text.is_empty()),
            }),
            _ => {
                return Err(FiefError::CallbackInvalid(
                    "it must have either a code or an error",
                ));
            }
        };
        let state = state.ok_or(FiefError::CallbackInvalid("the state is missing"))?;
        Ok(Self { state, iss, code })
    }

    /// Returns the `state`, with which the [`LoginAttempt`](crate::LoginAttempt) can be found.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.code.as_ref().err();
        f.debug_struct("AuthorizationResponse")
            .field("error", &error)
            .finish_non_exhaustive()
    }
}
