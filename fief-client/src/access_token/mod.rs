mod acr;
mod api;
mod cache;
mod claims;
mod requirements;
mod validate;

use std::{fmt, sync::Arc, time::SystemTime};

use secrecy::ExposeSecret;
use serde::{Serialize, Serializer, de::DeserializeOwned, ser::SerializeStruct};
use uuid::Uuid;

pub use self::cache::token_size;
pub use self::{
    acr::FiefAcr,
    requirements::{Requirements, RequirementsParts},
};
pub(crate) use self::{cache::TokenCache, claims::Audiences, validate::Validator};
use crate::{
    clock::from_unix_seconds,
    jose::{
        claims::{NumericDate, Validity},
        jws,
    },
    keys::Key,
    secret::SharedSecret,
};

/// Claims of a validated access token. Cloning is cheap.
///
/// Returned by [`Fief::validate_access_token`](crate::Fief::validate_access_token); one that was not
/// validated cannot exist. It serializes without the token itself, so that it can be sent to a browser:
/// `{"id", "scope", "acr", "permissions", "auth_time", "issued_at", "expires_at", "client_id"}`, with times in
/// seconds of Unix time. `auth_time` and `client_id` are `null` if the token does not have them.
///
/// ```
/// use fief_client::FiefAccessTokenInfo;
///
/// fn greeting(token: &FiefAccessTokenInfo) -> String {
///     match token.has_permission("castles:create") {
///         true => format!("{} may create castles", token.id()),
///         false => format!("{} may look around", token.id()),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct FiefAccessTokenInfo {
    inner: Arc<Validated>,
}

/// The verified claims of a token, the token itself and the key that verified it.
pub(crate) struct Validated {
    pub(crate) token: SharedSecret,
    pub(crate) key: Arc<Key>,
    pub(crate) validity: Validity,
    pub(crate) id: Uuid,
    pub(crate) scope: Vec<String>,
    pub(crate) acr: FiefAcr,
    pub(crate) permissions: Vec<String>,
    pub(crate) auth_time: Option<NumericDate>,
    pub(crate) client_id: Option<String>,
}

impl FiefAccessTokenInfo {
    /// Returns the user's id: the token's `sub`, which equals [`FiefUserInfo::sub`](crate::FiefUserInfo::sub).
    ///
    /// It never changes, unlike the e-mail address: use it as the key in databases.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.inner.id
    }

    /// Returns the granted scopes.
    #[must_use]
    pub fn scope(&self) -> &[String] {
        &self.inner.scope
    }

    /// Returns `true` if a scope was granted.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.inner.scope.iter().any(|granted| granted == scope)
    }

    /// Returns the level of authentication at which the token was issued.
    #[must_use]
    pub fn acr(&self) -> FiefAcr {
        self.inner.acr
    }

    /// Returns the code names of the user's permissions, in no particular order.
    ///
    /// They are those of the time at which the token was issued: changes take effect with the next refresh or
    /// login.
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        &self.inner.permissions
    }

    /// Returns `true` if the user has a permission, given by its code name.
    ///
    /// Use it to decide inside of a handler; [`Requirements`](crate::Requirements) reject the token as a whole.
    #[must_use]
    pub fn has_permission(&self, permission: &str) -> bool {
        self.inner
            .permissions
            .iter()
            .any(|granted| granted == permission)
    }

    /// Returns when the user last logged in, or `None` if the token does not say.
    #[must_use]
    pub fn auth_time(&self) -> Option<SystemTime> {
        self.inner.auth_time.and_then(|at| from_unix_seconds(at.0))
    }

    /// Returns when the token was issued, by Fief's clock.
    #[must_use]
    pub fn issued_at(&self) -> SystemTime {
        // As for `expires_at`.
        from_unix_seconds(self.inner.validity.iat.0).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Returns when the token expires.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        // A `NumericDate` ends where every clock still reaches. If it did not, the token would have expired.
        from_unix_seconds(self.inner.validity.exp.0).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Returns the client that the token was issued to (`azp`), or `None` if the token does not say.
    ///
    /// With [`audiences`](crate::FiefBuilder::audiences) or [`any_audience`](crate::FiefBuilder::any_audience) it
    /// may be another client than this one.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.inner.client_id.as_deref()
    }

    /// Deserializes the claims of the token into a type of the application: those that have no method here, such
    /// as claims that a fork of Fief adds.
    ///
    /// The claims are parsed at each call, so that tokens in the cache take no memory for them.
    ///
    /// ```
    /// use fief_client::FiefAccessTokenInfo;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Claims { tenant: Option<String> }
    ///
    /// fn tenant(token: &FiefAccessTokenInfo) -> Option<String> {
    ///     token.claims_as::<Claims>().ok()?.tenant
    /// }
    /// ```
    ///
    /// # Errors
    /// If the claims do not match the type. The error may show a part of them: do not log it if they are secret.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&jws::payload(self.access_token()))
    }

    /// Returns the token itself, to call another API with. It is a secret: do not log it.
    ///
    /// The other API accepts it if it accepts the tokens of this client
    /// ([`FiefBuilder::audiences`](crate::FiefBuilder::audiences)).
    #[must_use]
    pub fn access_token(&self) -> &str {
        self.inner.token.expose_secret()
    }

    pub(crate) fn validated(&self) -> &Arc<Validated> {
        &self.inner
    }

    pub(crate) fn from_validated(inner: Arc<Validated>) -> Self {
        Self { inner }
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
        let mut info = serializer.serialize_struct("FiefAccessTokenInfo", 8)?;
        info.serialize_field("id", &self.inner.id)?;
        info.serialize_field("scope", &self.inner.scope)?;
        info.serialize_field("acr", &self.inner.acr)?;
        info.serialize_field("permissions", &self.inner.permissions)?;
        info.serialize_field("auth_time", &self.inner.auth_time.map(|at| at.0))?;
        info.serialize_field("issued_at", &self.inner.validity.iat.0)?;
        info.serialize_field("expires_at", &self.inner.validity.exp.0)?;
        info.serialize_field("client_id", &self.inner.client_id)?;
        info.end()
    }
}
