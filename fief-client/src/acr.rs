use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Unexpected, Visitor},
};

/// Authentication context class reference: how sure Fief is of the user.
///
/// Fief knows these two levels and is frozen, so a third one never comes. `LevelOne` alone does not
/// prove a fresh login; add [`Requirements::max_age`](crate::Requirements::max_age) for that.
///
/// ```
/// use fief_client::FiefAcr;
///
/// assert!(FiefAcr::LevelZero < FiefAcr::LevelOne);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum FiefAcr {
    /// `"0"`: the token came from an existing session, a refresh or the admin API.
    #[serde(rename = "0")]
    LevelZero,
    /// `"1"`: the user went through the login page.
    #[serde(rename = "1")]
    LevelOne,
}

impl FiefAcr {
    /// Returns the value of the `acr` claim and of the `acr_values` parameter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LevelZero => "0",
            Self::LevelOne => "1",
        }
    }
}

impl<'de> Deserialize<'de> for FiefAcr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A derived one takes `{"1": null}` as well.
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
            "0" => Ok(FiefAcr::LevelZero),
            "1" => Ok(FiefAcr::LevelOne),
            _ => Err(E::invalid_value(Unexpected::Str(acr), &self)),
        }
    }
}
