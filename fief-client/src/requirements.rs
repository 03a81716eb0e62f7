use std::time::Duration;

use crate::{FiefAccessTokenInfo, FiefAcr, FiefError};

/// What an access token must have besides being valid.
///
/// Everything asked for must hold. Checked in this order: scopes, ACR, age of the login, permissions.
///
/// ```
/// use std::time::Duration;
/// use fief_client::{FiefAcr, Requirements};
///
/// let delete = Requirements::new()
///     .scope("openid")
///     .acr(FiefAcr::LevelOne)
///     .max_age(Duration::from_secs(300))
///     .permission("castles:delete");
/// # let _ = delete;
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Requirements {
    scopes: Vec<String>,
    acr: Option<FiefAcr>,
    max_age: Option<Duration>,
    permissions: Vec<Vec<String>>,
}

impl Requirements {
    /// Requires nothing but a valid token.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires a scope. Repeated calls require all of them.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Requires at least this level of authentication. Repeated calls require the highest. Default: any.
    pub fn acr(mut self, acr: FiefAcr) -> Self {
        self.acr = self.acr.max(Some(acr));
        self
    }

    /// Requires a login no longer ago than this (whole seconds). Repeated calls require the shortest. Default: any
    /// age.
    ///
    /// Fief's `LevelOne` can be had without a password, so a step-up needs this as well.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(self.max_age.map_or(max_age, |other| other.min(max_age)));
        self
    }

    /// Requires a permission. Repeated calls require all of them.
    pub fn permission(mut self, permission: impl Into<String>) -> Self {
        self.permissions.push(vec![permission.into()]);
        self
    }

    /// Requires at least one of these permissions. An empty list is never met.
    pub fn any_permission<P: Into<String>>(
        mut self,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        let alternatives = permissions.into_iter().map(Into::into).collect();
        self.permissions.push(alternatives);
        self
    }

    /// Returns the scopes that are required.
    #[must_use]
    pub fn required_scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Returns the level of authentication that is required.
    #[must_use]
    pub fn required_acr(&self) -> Option<FiefAcr> {
        self.acr
    }

    /// Returns the greatest age of the login that is accepted.
    #[must_use]
    pub fn required_max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// Returns the permissions that are required: all of the outer list, one of each inner list.
    #[must_use]
    pub fn required_permissions(&self) -> &[Vec<String>] {
        &self.permissions
    }

    /// Checks a validated token; `now` and `leeway` are seconds.
    pub(crate) fn check(
        &self,
        token: &FiefAccessTokenInfo,
        now: u64,
        leeway: u64,
    ) -> Result<(), FiefError> {
        if let Some(scope) = self.scopes.iter().find(|scope| !token.has_scope(scope)) {
            let scope = scope.clone();
            return Err(FiefError::AccessTokenMissingScope { scope });
        }
        if let Some(required) = self.acr.filter(|required| token.acr() < *required) {
            return Err(FiefError::AccessTokenAcrTooLow { required });
        }
        if let Some(max_age) = self.max_age {
            let latest = max_age.as_secs().saturating_add(leeway);
            // Without auth_time nobody knows, which is too old.
            let fresh = token
                .auth_time_seconds()
                .is_some_and(|at| now.saturating_sub(at) <= latest);
            if !fresh {
                return Err(FiefError::AccessTokenAuthTooOld { max_age });
            }
        }
        match self
            .permissions
            .iter()
            .find(|any| !any.iter().any(|p| token.has_permission(p)))
        {
            Some(missing) => Err(FiefError::AccessTokenMissingPermission {
                permissions: missing.clone(),
            }),
            None => Ok(()),
        }
    }
}
