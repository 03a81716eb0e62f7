use secrecy::{ExposeSecret, SecretString};

use crate::{
    Fief, FiefError, FiefUserInfo, Reason, crypto,
    discovery::Discovery,
    error::Unverified,
    fief::IdTokenClaims,
    jose::{
        claims::{MaxAge, Validity},
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
        let rejected = |reason| Unverified::Rejected(FiefError::IdTokenInvalid(reason));
        if id_token.len() > MAX_LEN {
            return Err(rejected(Reason::TooLong));
        }
        let opened = open(&self.inner.encryption_keys, id_token).map_err(rejected)?;
        let id_token = opened
            .as_ref()
            .map_or(id_token, ExposeSecret::expose_secret);
        let mut jws = Jws::parse(id_token).map_err(rejected)?;
        match jws.typ {
            Type::Any => {}
            Type::AccessToken | Type::Other => {
                return Err(rejected(Reason::WrongValue { name: "typ" }));
            }
        }
        let kid = jws.kid.as_deref();
        let found = self.inner.find_keys(kid, Budget::TokenEndpoint).await;
        let Some(keys) = found.map_err(Unverified::NoKeys)? else {
            return Err(Unverified::UnknownKey(FiefError::IdTokenInvalid(
                Reason::UnknownKey,
            )));
        };
        let (claims, _) = jws.verify(&keys).map_err(rejected)?;
        self.check_id_token(&claims, access_token, expected)
            .map_err(rejected)?;
        Ok(claims.user)
    }

    fn check_id_token(
        &self,
        claims: &IdTokenClaims<'_>,
        access_token: &str,
        expected: &Expected,
    ) -> Result<(), Reason> {
        let provider = self.provider();
        let clock = &provider.clock;
        let now = clock.now();
        claims.check_unbound()?;
        claims.check_origin(&provider.discovery, self.client_id())?;
        claims.check_binding(access_token, expected)?;
        claims
            .validity()
            .check(now, clock.leeway)
            .and_then(|()| claims.check_login(expected, now, clock.leeway))
            .inspect_err(|reason| clock.warn_if_behind(*reason))
    }

    /// Checks the claims of a token, as if its signature were valid.
    #[cfg(fuzzing)]
    pub(crate) fn accept_id_token(
        &self,
        claims: &str,
        access_token: &str,
        expected: &Expected,
    ) -> Option<FiefUserInfo> {
        let claims: IdTokenClaims<'_> = crate::jose::members::parse(claims).ok()?;
        self.check_id_token(&claims, access_token, expected).ok()?;
        Some(claims.user)
    }
}

/// Decrypts a token. With keys it must be encrypted, without keys it must not.
fn open(keys: &[DecryptionKey], token: &str) -> Result<Option<SecretString>, Reason> {
    if keys.is_empty() && token.bytes().filter(|byte| *byte == b'.').count() == 4 {
        return Err(Reason::Encrypted);
    }
    (!keys.is_empty())
        .then(|| jwe::decrypt(token, keys))
        .transpose()
}

impl IdTokenClaims<'_> {
    fn check_origin(&self, discovery: &Discovery, client_id: &str) -> Result<(), Reason> {
        if !discovery.is_issuer(&self.iss) {
            return Err(Reason::WrongValue { name: "iss" });
        }
        if !self.aud.iter().eq([client_id]) {
            return Err(Reason::WrongValue { name: "aud" });
        }
        if self.azp.as_ref().is_some_and(|azp| azp != client_id) {
            return Err(Reason::WrongValue { name: "azp" });
        }
        Ok(())
    }

    /// Checks that the token belongs to the request, and to the access token beside it.
    fn check_binding(&self, access_token: &str, expected: &Expected) -> Result<(), Reason> {
        let Expected {
            nonce,
            code,
            user,
            acr: _,
            max_age: _,
            auth_time: _,
            received_at: _,
        } = expected;
        let name = "nonce";
        match (&self.nonce, nonce) {
            (Some(claim), Some(nonce)) if crypto::equal(claim, nonce.expose_secret()) => {}
            (Some(_), Some(_)) => return Err(Reason::WrongValue { name }),
            (Some(_), None) => return Err(Reason::Unexpected { name }),
            (None, Some(_)) => return Err(Reason::Missing { name }),
            (None, None) => {}
        }
        let code = code.as_ref().map(ExposeSecret::expose_secret);
        self.check_hashes(access_token, code)?;
        if user.is_some_and(|user| user != self.user.sub) {
            return Err(Reason::WrongValue { name: "sub" });
        }
        Ok(())
    }

    /// Checks that the login meets the request.
    fn check_login(&self, expected: &Expected, now: u64, leeway: u64) -> Result<(), Reason> {
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
            return Err(Reason::WrongValue { name: "acr" });
        }
        if let Some(max_age) = max_age {
            let required = MaxAge {
                most: max_age,
                at: received_at,
                now,
                leeway,
            };
            required.check(self.auth_time)?;
        }
        if before.is_some() && self.auth_time.is_some_and(|now| Some(now.0) != before) {
            return Err(Reason::WrongValue { name: "auth_time" });
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
