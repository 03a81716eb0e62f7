//! What is specific to Fief, beyond OAuth 2.0 and OpenID Connect. Another server would be a second such module.

mod claims;
pub mod webhook;

use std::{fmt, time::Duration};

use http::{Method, StatusCode};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Unexpected, Visitor},
};
use serde_json::{Value, json};

pub(crate) use self::claims::{AccessTokenClaims, IdTokenClaims};
use crate::FiefAcr;

/// The paths of the authorization and token endpoints, for documents that are
/// written before discovery was fetched.
pub(crate) const AUTHORIZE: &str = "/authorize";
pub(crate) const TOKEN: &str = "/api/token";

/// Path of the logout page, and its parameter for the URL to redirect to.
pub(crate) const LOGOUT: &str = "/logout";
pub(crate) const LOGOUT_REDIRECT: &str = "redirect_uri";

/// Parameters of the login URL, and values of `screen`.
pub(crate) const LANG: &str = "lang";
pub(crate) const SCREEN: &str = "screen";
pub(crate) const SCREEN_LOGIN: &str = "login";
pub(crate) const SCREEN_REGISTER: &str = "register";

/// Maximum length of parameters that Fief can store, in characters.
pub(crate) const MAX_STATE: usize = 2048;
pub(crate) const MAX_NONCE: usize = 255;
pub(crate) const MAX_CODE_CHALLENGE: usize = 255;

/// Difference of clocks that Fief itself tolerates.
pub(crate) const LEEWAY: Duration = Duration::from_secs(60);

/// Less than the five seconds after which Fief closes idle connections.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Appends a value of `error_description`, which Fief sends once per character. At most 256 characters.
pub(crate) fn add_description(description: &mut String, value: &str) {
    let room = 256_usize.saturating_sub(description.chars().count());
    description.extend(value.chars().filter(|c| !c.is_control()).take(room));
}

/// Returns a client's id or secret as Fief expects it in `Authorization: Basic`: unencoded, although
/// [RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1) requires form encoding.
pub(crate) fn basic_credential(value: &str) -> &str {
    value
}

/// Returns `true` if a status means success. 202 is that of a change that the user has yet to confirm.
pub(crate) fn is_success(method: &Method, status: StatusCode) -> bool {
    status == StatusCode::OK || (*method == Method::PATCH && status == StatusCode::ACCEPTED)
}

/// Request of the user API.
pub(crate) struct UserRequest {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) body: Value,
}

impl UserRequest {
    pub(crate) fn update_profile(fields: &Value) -> Self {
        Self::new(Method::PATCH, "/api/profile", json!({ "fields": fields }))
    }

    pub(crate) fn change_password(new_password: &str) -> Self {
        let body = json!({ "password": new_password });
        Self::new(Method::PATCH, "/api/password", body)
    }

    pub(crate) fn change_email(email: &str) -> Self {
        let body = json!({ "email": email });
        Self::new(Method::PATCH, "/api/email/change", body)
    }

    pub(crate) fn verify_email(code: &str) -> Self {
        let body = json!({ "code": code });
        Self::new(Method::POST, "/api/email/verify", body)
    }

    fn new(method: Method, path: &'static str, body: Value) -> Self {
        Self { method, path, body }
    }
}

/// Body of an error response: of the token endpoint, with `error`, or of the user API, with `detail`.
#[derive(Deserialize)]
pub(crate) struct ErrorBody {
    pub(crate) error: Option<String>,
    /// A code, or an entry for each invalid field.
    pub(crate) detail: Option<Value>,
    /// Why a password is too weak.
    pub(crate) reason: Option<Vec<String>>,
}

const ACR_ZERO: &str = "0";
const ACR_ONE: &str = "1";

impl FiefAcr {
    /// Returns the value of the `acr` claim and of the `acr_values` parameter: `"0"` or `"1"`.
    ///
    /// Tokens with another value are invalid.
    #[doc(alias = "FiefACRInvalid")]
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LevelZero => ACR_ZERO,
            Self::LevelOne => ACR_ONE,
        }
    }
}

impl Serialize for FiefAcr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A variant would be another value than a string in binary formats.
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FiefAcr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A derived one would also accept `{"1": null}`.
        deserializer.deserialize_str(AcrVisitor)
    }
}

struct AcrVisitor;

impl Visitor<'_> for AcrVisitor {
    type Value = FiefAcr;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"0\" or \"1\"")
    }

    fn visit_str<E: de::Error>(self, acr: &str) -> Result<FiefAcr, E> {
        match acr {
            ACR_ZERO => Ok(FiefAcr::LevelZero),
            ACR_ONE => Ok(FiefAcr::LevelOne),
            _ => Err(E::invalid_value(Unexpected::Str(acr), &self)),
        }
    }
}
