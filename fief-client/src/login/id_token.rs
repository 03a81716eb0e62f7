use secrecy::{ExposeSecret, SecretString};

use crate::{
    Fief, FiefError, FiefUserInfo, crypto,
    discovery::Discovery,
    error::Unverified,
    fief::IdTokenClaims,
    jose::{
        claims::{NOT_YET_VALID, TimeError, Validity},
        jwe::{self, DecryptionKey},
        jws::{Jws, Type},
    },
    keys::Budget,
    login::expected::Expected,
};

impl Fief {
    /// Verifies the ID token that came with an access token
    /// ([OpenID Connect Core, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)).
    pub(crate) async fn verify_id_token(
        &self,
        id_token: &str,
        access_token: &str,
        expected: &Expected,
    ) -> Result<FiefUserInfo, Unverified> {
        let invalid = |why| Unverified::Rejected(FiefError::IdTokenInvalid(why));
        if id_token.len() > MAX_LEN {
            return Err(invalid("it is too long"));
        }
        let opened = open(&self.inner.encryption_keys, id_token).map_err(invalid)?;
        let id_token = opened
            .as_ref()
            .map_or(id_token, ExposeSecret::expose_secret);
        let mut jws = Jws::parse(id_token).map_err(invalid)?;
        match jws.typ {
            Type::Any => {}
            Type::AccessToken | Type::Other => {
                return Err(invalid("its type is not that of an ID token"));
            }
        }
        let kid = jws.kid.as_deref();
        let found = self.inner.find_key(kid, Budget::TokenEndpoint).await;
        let Some(key) = found.map_err(Unverified::NoKeys)? else {
            return Err(Unverified::UnknownKey(FiefError::IdTokenInvalid(
                "it is signed with an unknown key",
            )));
        };
        let claims: IdTokenClaims<'_> = jws.verify(&key).map_err(invalid)?;
        self.check_id_token(&claims, access_token, expected)
            .map_err(Unverified::Rejected)?;
        Ok(claims.user)
    }

    fn check_id_token(
        &self,
        claims: &IdTokenClaims<'_>,
        access_token: &str,
        expected: &Expected,
    ) -> Result<(), FiefError> {
        let provider = self.provider();
        let clock = &provider.clock;
        claims
            .check_origin(&provider.discovery, self.client_id())
            .and_then(|()| claims.check_binding(access_token, expected))
            .and_then(|()| claims.check_login(expected, clock.leeway))
            .map_err(FiefError::IdTokenInvalid)?;
        claims
            .validity()
            .check(clock.now(), clock.leeway)
            .map_err(|error| {
                FiefError::IdTokenInvalid(match error {
                    TimeError::Expired => "it has expired",
                    TimeError::NotYetValid => NOT_YET_VALID,
                })
            })
    }

    /// Checks the claims of a token, as if its signature were valid.
    #[cfg(fuzzing)]
    pub(crate) fn accept_id_token(
        &self,
        claims: &str,
        access_token: &str,
        expected: &Expected,
    ) -> Option<FiefUserInfo> {
        let claims: IdTokenClaims<'_> = crate::jose::json::object(claims)?;
        self.check_id_token(&claims, access_token, expected).ok()?;
        Some(claims.user)
    }
}

/// Decrypts a token. With keys it must be encrypted, without keys it must not.
fn open(keys: &[DecryptionKey], token: &str) -> Result<Option<SecretString>, &'static str> {
    if keys.is_empty() && token.bytes().filter(|byte| *byte == b'.').count() == 4 {
        return Err("it is encrypted, but no encryption_key is set");
    }
    (!keys.is_empty())
        .then(|| jwe::decrypt(token, keys))
        .transpose()
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
    fn check_binding(&self, access_token: &str, expected: &Expected) -> Result<(), &'static str> {
        let Expected {
            nonce,
            code,
            user,
            acr: _,
            max_age: _,
            auth_time: _,
            received_at: _,
        } = expected;
        let same_nonce = match (&self.nonce, nonce) {
            (Some(claim), Some(nonce)) => crypto::equal(claim, nonce.expose_secret()),
            (claim, nonce) => claim.is_none() && nonce.is_none(),
        };
        if !same_nonce {
            return Err("it has another nonce");
        }
        let code = code.as_ref().map(ExposeSecret::expose_secret);
        self.check_hashes(access_token, code)?;
        if user.is_some_and(|user| user != self.user.sub) {
            return Err("it belongs to another user than before");
        }
        Ok(())
    }

    /// Checks that the login meets the request.
    fn check_login(&self, expected: &Expected, leeway: u64) -> Result<(), &'static str> {
        let Expected {
            acr,
            max_age,
            auth_time: before,
            received_at,
            nonce: _,
            code: _,
            user: _,
        } = *expected;
        if acr.is_some_and(|acr| self.acr < acr) {
            return Err("its ACR is lower than requested");
        }
        if let Some(max_age) = max_age {
            let auth_time = self.auth_time.ok_or("it has no auth_time")?;
            if auth_time.0 > received_at.saturating_add(leeway) {
                return Err("its auth_time is in the future");
            }
            let oldest = max_age.as_secs().saturating_add(leeway);
            if received_at.saturating_sub(auth_time.0) > oldest {
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
