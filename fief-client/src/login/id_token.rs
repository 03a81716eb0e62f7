use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::{
    Fief, FiefAcr, FiefError, FiefUserInfo,
    clock::Clock,
    crypto,
    discovery::Discovery,
    fief::IdTokenClaims,
    jose::{
        claims::{TimeError, Validity},
        jwe::{self, DecryptionKey},
        jws::{Jws, Type},
    },
    keys::Budget,
};

/// What an ID token must contain to belong to a request.
pub(crate) struct Expected<'a> {
    pub(crate) nonce: Option<&'a str>,
    /// The exchanged code. `None` for a refresh.
    pub(crate) code: Option<&'a str>,
    pub(crate) acr: Option<FiefAcr>,
    pub(crate) max_age: Option<Duration>,
    /// The user, if already known.
    pub(crate) user: Option<Uuid>,
    /// The time of the login in seconds of Unix time, if already known.
    pub(crate) auth_time: Option<u64>,
}

impl Fief {
    /// Verifies the ID token that came with an access token
    /// ([OpenID Connect Core, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)).
    pub(crate) async fn verify_id_token(
        &self,
        id_token: &str,
        access_token: &str,
        expected: &Expected<'_>,
    ) -> Result<FiefUserInfo, FiefError> {
        if id_token.len() > MAX_LEN {
            return Err(FiefError::IdTokenInvalid("it is too long"));
        }
        let opened = open(&self.inner.encryption_keys, id_token)?;
        let id_token = opened
            .as_ref()
            .map_or(id_token, ExposeSecret::expose_secret);
        let mut jws = Jws::parse(id_token).map_err(FiefError::IdTokenInvalid)?;
        let kid = jws.kid.as_deref();
        let key = self.inner.find_key(kid, Budget::TokenEndpoint).await?;
        let key = key.ok_or(FiefError::IdTokenInvalid(
            "it is signed with an unknown key",
        ))?;
        match jws.typ {
            Type::Any => {}
            Type::AccessToken | Type::Other => {
                return Err(FiefError::IdTokenInvalid(
                    "its type is not that of an ID token",
                ));
            }
        }
        let claims: IdTokenClaims<'_> = jws.verify(&key).map_err(FiefError::IdTokenInvalid)?;
        self.check_id_token(&claims, access_token, expected)?;
        Ok(claims.user)
    }

    fn check_id_token(
        &self,
        claims: &IdTokenClaims<'_>,
        access_token: &str,
        expected: &Expected<'_>,
    ) -> Result<(), FiefError> {
        let provider = self.provider();
        let clock = &provider.clock;
        claims
            .check_origin(&provider.discovery, self.client_id())
            .and_then(|()| claims.check_binding(access_token, expected))
            .and_then(|()| claims.check_login(expected, clock))
            .map_err(FiefError::IdTokenInvalid)?;
        claims
            .validity()
            .check(clock.now(), clock.leeway)
            .map_err(|error| {
                FiefError::IdTokenInvalid(match error {
                    TimeError::Expired => "it has expired",
                    TimeError::NotYetValid => "it is not valid yet",
                })
            })
    }

    /// Checks the claims of a token, as if its signature were valid.
    #[cfg(fuzzing)]
    pub(crate) fn accept_id_token(
        &self,
        claims: &str,
        access_token: &str,
        expected: &Expected<'_>,
    ) -> Option<FiefUserInfo> {
        let claims: IdTokenClaims<'_> = crate::jose::json::object(claims)?;
        self.check_id_token(&claims, access_token, expected).ok()?;
        Some(claims.user)
    }
}

/// Decrypts a token. With keys it must be encrypted, without keys it must not.
fn open(keys: &[DecryptionKey], token: &str) -> Result<Option<SecretString>, FiefError> {
    if keys.is_empty() && token.bytes().filter(|byte| *byte == b'.').count() == 4 {
        return Err(FiefError::IdTokenInvalid(
            "it is encrypted, but no encryption_key is set",
        ));
    }
    (!keys.is_empty())
        .then(|| jwe::decrypt(token, keys))
        .transpose()
        .map_err(FiefError::IdTokenInvalid)
}

impl IdTokenClaims<'_> {
    fn check_origin(&self, discovery: &Discovery, client_id: &str) -> Result<(), &'static str> {
        if !discovery.is_issuer(&self.iss) {
            return Err("it has another issuer");
        }
        let foreign = self.azp.as_ref().is_some_and(|azp| azp != client_id);
        if !self.aud.iter().eq([client_id]) || foreign {
            return Err("it is meant for another client");
        }
        Ok(())
    }

    /// Checks that the token belongs to the request, and to the access token beside it.
    fn check_binding(
        &self,
        access_token: &str,
        expected: &Expected<'_>,
    ) -> Result<(), &'static str> {
        let Expected {
            nonce,
            code,
            user,
            acr: _,
            max_age: _,
            auth_time: _,
        } = *expected;
        let same_nonce = match (&self.nonce, nonce) {
            (Some(claim), Some(nonce)) => crypto::equal(claim, nonce),
            (claim, nonce) => claim.is_none() && nonce.is_none(),
        };
        if !same_nonce {
            return Err("it has another nonce");
        }
        self.check_hashes(access_token, code)?;
        if user.is_some_and(|user| user != self.user.sub) {
            return Err("it belongs to another user than before");
        }
        Ok(())
    }

    /// Checks that the login meets the request.
    fn check_login(&self, expected: &Expected<'_>, clock: &Clock) -> Result<(), &'static str> {
        let Expected {
            acr,
            max_age,
            auth_time: before,
            nonce: _,
            code: _,
            user: _,
        } = *expected;
        if acr.is_some_and(|acr| self.acr < acr) {
            return Err("its ACR is lower than requested");
        }
        if let Some(max_age) = max_age {
            let auth_time = self.auth_time.ok_or("it has no auth_time")?;
            let now = clock.now();
            if auth_time.0 > now.saturating_add(clock.leeway) {
                return Err("its auth_time is in the future");
            }
            let oldest = max_age.as_secs().saturating_add(clock.leeway);
            if now.saturating_sub(auth_time.0) > oldest {
                return Err("its login is older than requested");
            }
        }
        if before.is_some() && self.auth_time.is_some_and(|now| Some(now.0) != before) {
            return Err("it belongs to another login than before");
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

/// Bytes. An ID token contains all fields of the user, and encryption doubles its length.
const MAX_LEN: usize = 64 * 1024;
