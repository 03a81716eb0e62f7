use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    FiefAcr, FiefError, FiefTokenResponse, FiefUserInfo,
    claims::{Audience, NumericDate, Untimely, Validity, is_issuer, number},
    client::Inner,
    crypto, jwe,
    jws::{Jws, Type, string},
};

/// What an ID token must say to be the answer to a request.
pub(crate) struct Expected<'a> {
    pub(crate) nonce: Option<&'a str>,
    /// The code it came for; none when it came for a refresh token.
    pub(crate) code: Option<&'a str>,
    pub(crate) acr: Option<FiefAcr>,
    pub(crate) max_age: Option<Duration>,
    /// Who logged in, where that is known already.
    pub(crate) user: Option<Uuid>,
    /// When the user logged in, where that is known already. Seconds of Unix time.
    pub(crate) auth_time: Option<u64>,
}

/// Verifies the ID token of a token answer
/// ([OpenID Connect Core, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)).
pub(crate) async fn verify_id_token(
    client: &Arc<Inner>,
    tokens: &FiefTokenResponse,
    expected: &Expected<'_>,
) -> Result<FiefUserInfo, FiefError> {
    let token = tokens.id_token();
    if token.len() > MAX_LEN {
        return Err(FiefError::IdTokenInvalid("it is too long"));
    }
    let opened = open(client, token)?;
    let token = opened.as_ref().map_or(token, ExposeSecret::expose_secret);
    let mut jws = Jws::parse(token).map_err(FiefError::IdTokenInvalid)?;
    let key = client.find_key(jws.kid.as_deref()).await?;
    let key = key.ok_or(FiefError::IdTokenInvalid("its key is not one of Fief's"))?;
    if jws.typ != Type::Any {
        return Err(FiefError::IdTokenInvalid(
            "its type is not that of an ID token",
        ));
    }
    let claims: Claims<'_> = jws.verify(&key).map_err(FiefError::IdTokenInvalid)?;
    claims
        .check(client, tokens.access_token(), expected)
        .map_err(FiefError::IdTokenInvalid)?;
    claims
        .validity()
        .check(client.clock.now(), client.clock.leeway)
        .map_err(Untimely::id_token)?;
    Ok(claims.user)
}

/// What is taken from the claims of a token whose signature is good.
#[cfg(fuzzing)]
pub(crate) fn accept(
    client: &Inner,
    claims: &str,
    access_token: &str,
    expected: &Expected<'_>,
) -> Option<FiefUserInfo> {
    let claims: Claims<'_> = crate::json::object(claims)?;
    claims.check(client, access_token, expected).ok()?;
    let validity = claims
        .validity()
        .check(client.clock.now(), client.clock.leeway);
    validity.is_ok().then_some(claims.user)
}

/// Decrypts a token where keys are set up for that; then it must be encrypted.
fn open(client: &Inner, token: &str) -> Result<Option<SecretString>, FiefError> {
    let keys = &client.encryption_keys;
    if keys.is_empty() && token.bytes().filter(|byte| *byte == b'.').count() == 4 {
        return Err(FiefError::IdTokenInvalid(
            "it is encrypted, and no encryption_key is set",
        ));
    }
    (!keys.is_empty())
        .then(|| jwe::decrypt(token, keys))
        .transpose()
        .map_err(FiefError::IdTokenInvalid)
}

#[derive(Deserialize)]
struct Claims<'a> {
    iss: String,
    #[serde(borrow)]
    aud: Audience<'a>,
    exp: NumericDate,
    iat: NumericDate,
    #[serde(default, deserialize_with = "number")]
    nbf: Option<NumericDate>,
    #[serde(default, deserialize_with = "string")]
    azp: Option<String>,
    #[serde(default, deserialize_with = "string")]
    nonce: Option<String>,
    #[serde(default, deserialize_with = "string")]
    c_hash: Option<String>,
    #[serde(default, deserialize_with = "string")]
    at_hash: Option<String>,
    acr: FiefAcr,
    #[serde(default, deserialize_with = "number")]
    auth_time: Option<NumericDate>,
    #[serde(flatten)]
    user: FiefUserInfo,
}

impl Claims<'_> {
    fn check(
        &self,
        client: &Inner,
        access_token: &str,
        expected: &Expected<'_>,
    ) -> Result<(), &'static str> {
        if !is_issuer(client, &self.iss) {
            return Err("it has another issuer");
        }
        let us = &client.credentials.id;
        if !self.aud.iter().eq([us]) || self.azp.as_ref().is_some_and(|azp| azp != us) {
            return Err("it is meant for another client");
        }
        let same_nonce = match (&self.nonce, expected.nonce) {
            (Some(claim), Some(nonce)) => crypto::equal(claim, nonce),
            (claim, nonce) => claim.is_none() && nonce.is_none(),
        };
        if !same_nonce {
            return Err("it has another nonce");
        }
        let at_hash = self.at_hash.as_deref().ok_or("it has no at_hash")?;
        if !crypto::is_valid_hash(access_token, at_hash) {
            return Err("it belongs to another access token");
        }
        // Fief writes it for every code, and for nothing else.
        let is_of_code = match (expected.code, &self.c_hash) {
            (Some(code), Some(c_hash)) => crypto::is_valid_hash(code, c_hash),
            (code, c_hash) => code.is_none() && c_hash.is_none(),
        };
        if !is_of_code {
            return Err("it belongs to another code");
        }
        if expected.user.is_some_and(|user| user != self.user.sub) {
            return Err("it is another user's than before");
        }
        self.check_login(client, expected)
    }

    /// Checks that the user logged in as the request asked.
    fn check_login(&self, client: &Inner, expected: &Expected<'_>) -> Result<(), &'static str> {
        if expected.acr.is_some_and(|acr| self.acr < acr) {
            return Err("its ACR is lower than requested");
        }
        if let Some(max_age) = expected.max_age {
            let auth_time = self
                .auth_time
                .ok_or("it does not tell when the user logged in")?;
            let now = client.clock.now();
            if auth_time.0 > now.saturating_add(client.clock.leeway) {
                return Err("its login has not happened yet");
            }
            let oldest = max_age.as_secs().saturating_add(client.clock.leeway);
            if now.saturating_sub(auth_time.0) > oldest {
                return Err("its login is older than requested");
            }
        }
        let before = expected.auth_time;
        if before.is_some() && self.auth_time.is_some_and(|now| Some(now.0) != before) {
            return Err("it is of another login than before");
        }
        Ok(())
    }

    fn validity(&self) -> Validity {
        Validity {
            exp: self.exp,
            iat: self.iat,
            nbf: self.nbf,
        }
    }
}

/// Bytes. Fief writes every field of the user into it, and encrypted it is twice as long.
const MAX_LEN: usize = 64 * 1024;
