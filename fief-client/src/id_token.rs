use std::{sync::Arc, time::Duration};

use serde::Deserialize;

use crate::{
    FiefAcr, FiefError, FiefUserInfo,
    access_token::number,
    claims::{Audience, NumericDate, Untimely, Validity, is_issuer},
    client::Inner,
    crypto,
    jws::{Jws, string},
};

/// What an ID token must say to be the answer to a request.
pub(crate) struct Expected<'a> {
    pub(crate) nonce: Option<&'a str>,
    /// The code it came for; none when it came for a refresh token.
    pub(crate) code: Option<&'a str>,
    pub(crate) access_token: &'a str,
    pub(crate) acr: Option<FiefAcr>,
    pub(crate) max_age: Option<Duration>,
}

/// Verifies an ID token
/// ([OpenID Connect Core, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)).
pub(crate) async fn verify_id_token(
    client: &Arc<Inner>,
    token: &str,
    expected: &Expected<'_>,
) -> Result<FiefUserInfo, FiefError> {
    let jws = Jws::parse(token).map_err(FiefError::IdTokenInvalid)?;
    let key = client.keys.find(client, jws.kid.as_deref()).await?;
    let key = key.ok_or(FiefError::IdTokenInvalid("its key is not one of Fief's"))?;
    let claims: Claims = jws.verify(&key).map_err(FiefError::IdTokenInvalid)?;
    claims
        .check(client, expected)
        .map_err(FiefError::IdTokenInvalid)?;
    claims
        .validity()
        .check(client.now(), client.leeway)
        .map_err(Untimely::id_token)?;
    Ok(claims.user)
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
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

impl Claims {
    fn check(&self, client: &Inner, expected: &Expected<'_>) -> Result<(), &'static str> {
        if !is_issuer(client, &self.iss) {
            return Err("it has another issuer");
        }
        let us = &client.client_id;
        if self.aud.as_slice() != std::slice::from_ref(us)
            || self.azp.as_ref().is_some_and(|azp| azp != us)
        {
            return Err("it is meant for another client");
        }
        if let Some(nonce) = expected.nonce
            && !self
                .nonce
                .as_deref()
                .is_some_and(|claim| crypto::equal(claim, nonce))
        {
            return Err("it has another nonce");
        }
        let at_hash = self.at_hash.as_deref().ok_or("it has no at_hash")?;
        if !crypto::is_valid_hash(expected.access_token, at_hash) {
            return Err("it belongs to another access token");
        }
        if let Some(c_hash) = &self.c_hash
            && !expected
                .code
                .is_some_and(|code| crypto::is_valid_hash(code, c_hash))
        {
            return Err("it belongs to another code");
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
            let latest = max_age.as_secs().saturating_add(client.leeway);
            if client.now().saturating_sub(auth_time.0) > latest {
                return Err("its login is older than requested");
            }
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
