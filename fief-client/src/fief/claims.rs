use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    FiefAcr, FiefUserInfo, Reason, crypto,
    jose::{
        claims::{Audience, NumericDate, hyphenated_uuid, is_present, opt_number, opt_string},
        members::{Member, Object},
    },
};

/// Claims of an access token.
#[expect(
    clippy::struct_excessive_bools,
    reason = "of claims that must not be present"
)]
#[derive(Deserialize)]
pub(crate) struct AccessTokenClaims<'a> {
    #[serde(borrow)]
    pub(crate) iss: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) aud: Audience<'a>,
    pub(crate) exp: NumericDate,
    pub(crate) iat: NumericDate,
    #[serde(default, deserialize_with = "opt_number")]
    pub(crate) nbf: Option<NumericDate>,
    #[serde(deserialize_with = "hyphenated_uuid")]
    pub(crate) sub: Uuid,
    #[serde(borrow)]
    pub(crate) scope: Cow<'a, str>,
    pub(crate) acr: FiefAcr,
    /// Code names, in no particular order.
    pub(crate) permissions: Vec<String>,
    #[serde(default, deserialize_with = "opt_string")]
    pub(crate) azp: Option<String>,
    #[serde(default, deserialize_with = "opt_number")]
    pub(crate) auth_time: Option<NumericDate>,
    #[serde(default, deserialize_with = "is_present")]
    nonce: bool,
    #[serde(default, deserialize_with = "is_present")]
    c_hash: bool,
    #[serde(default, deserialize_with = "is_present")]
    at_hash: bool,
    #[serde(default, deserialize_with = "is_present")]
    cnf: bool,
}

impl<'de: 'a, 'a> Object<'de> for AccessTokenClaims<'a> {
    const NAME: &'static str = "claims";
    const MEMBERS: &'static [Member] = &[
        ISS,
        AUD,
        AZP,
        EXP,
        IAT,
        NBF,
        SUB,
        Member::required("scope", Value::is_string),
        ACR,
        Member::required("permissions", is_strings),
        AUTH_TIME,
    ];
}

impl AccessTokenClaims<'_> {
    /// Checks that the token may be used by its sender alone, and that it is no ID token, which has the same key,
    /// issuer and audience and differs in nothing else than its claims.
    pub(crate) fn check_kind(&self) -> Result<(), Reason> {
        let of_id_tokens = [
            ("nonce", self.nonce),
            ("c_hash", self.c_hash),
            ("at_hash", self.at_hash),
        ];
        match of_id_tokens.into_iter().find(|(_, is_present)| *is_present) {
            Some((name, _)) => Err(Reason::Unexpected { name }),
            None => check_unbound(self.cnf),
        }
    }
}

/// Claims of an ID token.
#[derive(Deserialize)]
pub(crate) struct IdTokenClaims<'a> {
    pub(crate) iss: String,
    #[serde(borrow)]
    pub(crate) aud: Audience<'a>,
    pub(crate) exp: NumericDate,
    pub(crate) iat: NumericDate,
    #[serde(default, deserialize_with = "opt_number")]
    pub(crate) nbf: Option<NumericDate>,
    #[serde(default, deserialize_with = "opt_string")]
    pub(crate) azp: Option<String>,
    #[serde(default, deserialize_with = "opt_string")]
    pub(crate) nonce: Option<String>,
    #[serde(default, deserialize_with = "opt_string")]
    c_hash: Option<String>,
    #[serde(default, deserialize_with = "opt_string")]
    at_hash: Option<String>,
    pub(crate) acr: FiefAcr,
    #[serde(default, deserialize_with = "opt_number")]
    pub(crate) auth_time: Option<NumericDate>,
    #[serde(default, deserialize_with = "is_present")]
    cnf: bool,
    #[serde(flatten)]
    pub(crate) user: FiefUserInfo,
}

impl<'de: 'a, 'a> Object<'de> for IdTokenClaims<'a> {
    const NAME: &'static str = "claims";
    const MEMBERS: &'static [Member] = &[
        ISS,
        AUD,
        AZP,
        EXP,
        IAT,
        NBF,
        SUB,
        ACR,
        AUTH_TIME,
        Member::optional("nonce", Value::is_string),
        Member::optional("c_hash", Value::is_string),
        Member::optional("at_hash", Value::is_string),
        Member::optional("email", is_string_or_null),
        Member::optional("email_verified", is_boolean_or_null),
        Member::optional("is_active", is_boolean_or_null),
        Member::optional("tenant_id", is_string_or_null)
            .with_value(|id| id.is_null() || Uuid::deserialize(id).is_ok()),
        Member::optional("fields", Value::is_object),
    ];
}

impl IdTokenClaims<'_> {
    /// Checks the hashes of the access token and the code. Fief always writes `at_hash`, and `c_hash` exactly if
    /// there was a code.
    pub(crate) fn check_hashes(
        &self,
        access_token: &str,
        code: Option<&str>,
    ) -> Result<(), Reason> {
        check_hash("at_hash", self.at_hash.as_deref(), Some(access_token))?;
        check_hash("c_hash", self.c_hash.as_deref(), code)
    }

    /// Checks that the token may be used by its sender alone.
    pub(crate) fn check_unbound(&self) -> Result<(), Reason> {
        check_unbound(self.cnf)
    }
}

/// Checks that a hash is that of a value, and that there is one exactly if there is the other.
fn check_hash(name: &'static str, hash: Option<&str>, value: Option<&str>) -> Result<(), Reason> {
    match (hash, value) {
        (Some(hash), Some(value)) if crypto::is_valid_hash(value, hash) => Ok(()),
        (Some(_), Some(_)) => Err(Reason::WrongValue { name }),
        (Some(_), None) => Err(Reason::Unexpected { name }),
        (None, Some(_)) => Err(Reason::Missing { name }),
        (None, None) => Ok(()),
    }
}

/// Rejects a token with `cnf`, with any value: it is bound to a key of its sender, of which no proof is checked
/// ([RFC 9449, section 7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1),
/// [RFC 8705, section 3](https://www.rfc-editor.org/rfc/rfc8705#section-3)).
fn check_unbound(has_cnf: bool) -> Result<(), Reason> {
    if has_cnf { Err(Reason::Bound) } else { Ok(()) }
}

// The claims that both tokens have.
const ISS: Member = Member::required("iss", Value::is_string);
const AUD: Member = Member::required("aud", is_audience);
const AZP: Member = Member::optional("azp", Value::is_string);
const EXP: Member = Member::required("exp", Value::is_number).with_value(is_date);
const IAT: Member = Member::required("iat", Value::is_number).with_value(is_date);
const NBF: Member = Member::optional("nbf", Value::is_number).with_value(is_date);
const AUTH_TIME: Member = Member::optional("auth_time", Value::is_number).with_value(is_date);
const SUB: Member =
    Member::required("sub", Value::is_string).with_value(|id| hyphenated_uuid(id).is_ok());
const ACR: Member =
    Member::required("acr", Value::is_string).with_value(|acr| FiefAcr::deserialize(acr).is_ok());

fn is_strings(value: &Value) -> bool {
    let items = value.as_array();
    items.is_some_and(|items| items.iter().all(Value::is_string))
}

fn is_audience(value: &Value) -> bool {
    value.is_string() || is_strings(value)
}

fn is_date(value: &Value) -> bool {
    NumericDate::deserialize(value).is_ok()
}

fn is_string_or_null(value: &Value) -> bool {
    value.is_string() || value.is_null()
}

fn is_boolean_or_null(value: &Value) -> bool {
    value.is_boolean() || value.is_null()
}

#[cfg(test)]
mod tests {
    use super::AccessTokenClaims;
    use crate::jose::members::tests::assert_complete;

    /// TV-28
    #[test]
    fn each_claim_that_can_be_wrong_is_named() {
        assert_complete::<AccessTokenClaims<'static>>(&["nonce", "c_hash", "at_hash", "cnf"]);
    }
}
