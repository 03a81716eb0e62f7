use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};
use uuid::Uuid;

use crate::{
    Fief, FiefAcr, FiefError, Requirements,
    claims::{Audience, NumericDate, Validity, is_issuer},
    client::Inner,
    jwks::Key,
    jws::{Jws, present},
};

/// What a validated access token says. A cheap clone.
///
/// It serialises without the token, so that it can be shown to browser code:
/// `{"id", "scope", "acr", "permissions", "auth_time", "expires_at"}`, times in seconds of Unix time.
#[derive(Clone)]
pub struct FiefAccessTokenInfo {
    inner: Arc<Validated>,
}

pub(crate) struct Validated {
    pub(crate) token: SecretString,
    pub(crate) key: Arc<Key>,
    pub(crate) validity: Validity,
    id: Uuid,
    scope: Vec<String>,
    acr: FiefAcr,
    permissions: Vec<String>,
    auth_time: Option<NumericDate>,
}

impl FiefAccessTokenInfo {
    /// Returns the user's id, the token's `sub`.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.inner.id
    }

    /// Returns the scopes that were granted.
    #[must_use]
    pub fn scope(&self) -> &[String] {
        &self.inner.scope
    }

    /// Returns whether a scope was granted.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.inner.scope.iter().any(|granted| granted == scope)
    }

    /// Returns how sure Fief is of the user.
    #[must_use]
    pub fn acr(&self) -> FiefAcr {
        self.inner.acr
    }

    /// Returns the code names of the user's permissions at the time the token was issued, in no order.
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        &self.inner.permissions
    }

    /// Returns whether the user has a permission.
    #[must_use]
    pub fn has_permission(&self, permission: &str) -> bool {
        self.inner
            .permissions
            .iter()
            .any(|granted| granted == permission)
    }

    /// Returns when the user last logged in, where the token tells.
    #[must_use]
    pub fn auth_time(&self) -> Option<SystemTime> {
        self.inner.auth_time.map(system_time)
    }

    /// Returns when the token is over.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        system_time(self.inner.validity.exp)
    }

    /// Returns the token itself, to call another API with. A secret.
    #[must_use]
    pub fn access_token(&self) -> &str {
        self.inner.token.expose_secret()
    }

    pub(crate) fn auth_time_seconds(&self) -> Option<u64> {
        self.inner.auth_time.map(|at| at.0)
    }

    pub(crate) fn validated(&self) -> &Arc<Validated> {
        &self.inner
    }

    pub(crate) fn from_validated(inner: Arc<Validated>) -> Self {
        Self { inner }
    }
}

impl Fief {
    /// Validates an access token and checks what is required of it.
    ///
    /// The signature, issuer, audience and times are checked, and that it is an access token. No request is
    /// sent while Fief's keys are known; a token that was validated before is not verified again.
    ///
    /// # Errors
    /// - [`FiefError::AccessTokenInvalid`], [`FiefError::AccessTokenExpired`]: not a good token.
    /// - [`FiefError::AccessTokenMissingScope`], [`FiefError::AccessTokenAcrTooLow`],
    ///   [`FiefError::AccessTokenAuthTooOld`], [`FiefError::AccessTokenMissingPermission`]: a good token that
    ///   lacks what is required.
    /// - [`FiefError::Transport`], [`FiefError::Request`], [`FiefError::ResponseInvalid`]: Fief's keys are not
    ///   known and could not be fetched.
    pub async fn validate_access_token(
        &self,
        access_token: &str,
        requirements: &Requirements,
    ) -> Result<FiefAccessTokenInfo, FiefError> {
        let inner = &self.inner;
        let info = match inner.validated.get(access_token) {
            Some(seen)
                if inner.keys.get(inner).await.is_ok() && seen.validated().key.is_published() =>
            {
                seen
            }
            _ => verify(inner, access_token).await?,
        };
        let now = inner.now();
        info.inner
            .validity
            .check(now, inner.leeway)
            .map_err(crate::claims::Untimely::access_token)?;
        requirements.check(&info, now, inner.leeway)?;
        Ok(info)
    }
}

impl Fief {
    /// Checks what is required of a token that was validated before.
    ///
    /// # Errors
    /// [`FiefError::AccessTokenMissingScope`], [`FiefError::AccessTokenAcrTooLow`],
    /// [`FiefError::AccessTokenAuthTooOld`] or [`FiefError::AccessTokenMissingPermission`]: the first that fails.
    pub fn check_requirements(
        &self,
        token: &FiefAccessTokenInfo,
        requirements: &Requirements,
    ) -> Result<(), FiefError> {
        requirements.check(token, self.inner.now(), self.inner.leeway)
    }
}

/// Verifies a token that was not seen before. Times are left to the caller.
async fn verify(client: &Arc<Inner>, token: &str) -> Result<FiefAccessTokenInfo, FiefError> {
    if token.len() > MAX_LEN {
        return Err(FiefError::AccessTokenInvalid("it is too long"));
    }
    let jws = Jws::parse(token).map_err(FiefError::AccessTokenInvalid)?;
    let key = client.keys.find(client, jws.kid.as_deref()).await?;
    let key = key.ok_or(FiefError::AccessTokenInvalid(
        "its key is not one of Fief's",
    ))?;
    let claims: Claims = jws.verify(&key).map_err(FiefError::AccessTokenInvalid)?;
    claims
        .check(client)
        .map_err(FiefError::AccessTokenInvalid)?;
    let info = claims.into_info(token, key);
    if info
        .inner
        .validity
        .check(client.now(), client.leeway)
        .is_ok()
    {
        client.validated.insert(&info);
    }
    Ok(info)
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: NumericDate,
    iat: NumericDate,
    #[serde(default, deserialize_with = "number")]
    nbf: Option<NumericDate>,
    #[serde(deserialize_with = "hyphenated")]
    sub: Uuid,
    scope: String,
    acr: FiefAcr,
    permissions: Vec<String>,
    #[serde(default, deserialize_with = "number")]
    auth_time: Option<NumericDate>,
    // The marks of an ID token.
    #[serde(default, deserialize_with = "present")]
    nonce: bool,
    #[serde(default, deserialize_with = "present")]
    c_hash: bool,
    #[serde(default, deserialize_with = "present")]
    at_hash: bool,
}

impl Claims {
    fn check(&self, client: &Inner) -> Result<(), &'static str> {
        if !is_issuer(client, &self.iss) {
            return Err("it has another issuer");
        }
        if !client.audiences.accepts(self.aud.as_slice()) {
            return Err("it is meant for another client");
        }
        if self.nonce || self.c_hash || self.at_hash {
            return Err("it is an ID token");
        }
        Ok(())
    }

    fn into_info(self, token: &str, key: Arc<Key>) -> FiefAccessTokenInfo {
        let scope = self
            .scope
            .split(' ')
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect();
        FiefAccessTokenInfo::from_validated(Arc::new(Validated {
            token: token.into(),
            key,
            validity: Validity {
                exp: self.exp,
                iat: self.iat,
                nbf: self.nbf,
            },
            id: self.sub,
            scope,
            acr: self.acr,
            permissions: self.permissions,
            auth_time: self.auth_time,
        }))
    }
}

impl fmt::Debug for FiefAccessTokenInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefAccessTokenInfo")
            .field("id", &self.inner.id)
            .field("scope", &self.inner.scope)
            .field("acr", &self.inner.acr)
            .field("permissions", &self.inner.permissions)
            .finish_non_exhaustive()
    }
}

impl Serialize for FiefAccessTokenInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut info = serializer.serialize_struct("FiefAccessTokenInfo", 6)?;
        info.serialize_field("id", &self.inner.id)?;
        info.serialize_field("scope", &self.inner.scope)?;
        info.serialize_field("acr", &self.inner.acr)?;
        info.serialize_field("permissions", &self.inner.permissions)?;
        info.serialize_field("auth_time", &self.inner.auth_time.map(|at| at.0))?;
        info.serialize_field("expires_at", &self.inner.validity.exp.0)?;
        info.end()
    }
}

fn system_time(date: NumericDate) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(date.0)
}

/// A member that must be a number if it is there.
pub(crate) fn number<'de, D: serde::Deserializer<'de>>(
    d: D,
) -> Result<Option<NumericDate>, D::Error> {
    NumericDate::deserialize(d).map(Some)
}

/// A UUID in its hyphenated form only.
pub(crate) fn hyphenated<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Uuid, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
    match Uuid::try_parse(&text) {
        Ok(id) if text.len() == uuid::fmt::Hyphenated::LENGTH => Ok(id),
        _ => Err(serde::de::Error::custom("not a hyphenated UUID")),
    }
}

/// Bytes. Fief writes every permission into the token, so long ones are real.
const MAX_LEN: usize = 16 * 1024;
