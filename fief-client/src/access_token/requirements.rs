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

    /// Requires what `other` requires as well.
    ///
    /// ```
    /// # use fief_client::{FiefAcr, Requirements};
    /// let member = Requirements::new().scope("openid");
    /// let admin = Requirements::new().acr(FiefAcr::LevelOne);
    /// assert_eq!(member.and(admin), Requirements::new().scope("openid").acr(FiefAcr::LevelOne));
    /// ```
    pub fn and(mut self, other: Self) -> Self {
        let Self {
            scopes,
            acr,
            max_age,
            permissions,
        } = other;
        self.scopes.extend(scopes);
        self.acr = self.acr.max(acr);
        self.max_age = self.max_age.into_iter().chain(max_age).min();
        self.permissions.extend(permissions);
        self
    }

    /// Returns everything that is required. For fief-axum, which explains each part of it.
    #[doc(hidden)]
    #[must_use]
    pub fn parts(&self) -> RequirementsParts<'_> {
        let Self {
            scopes,
            acr,
            max_age,
            permissions,
        } = self;
        RequirementsParts {
            scopes,
            acr: *acr,
            max_age: *max_age,
            permissions,
        }
    }

    /// Whether [`check`](Self::check) looks at the time.
    pub(crate) fn needs_time(&self) -> bool {
        self.max_age.is_some()
    }

    /// Checks a validated token; `now` and `leeway` are seconds.
    pub(crate) fn check(
        &self,
        token: &FiefAccessTokenInfo,
        now: u64,
        leeway: u64,
    ) -> Result<(), FiefError> {
        let Self {
            scopes,
            acr,
            max_age,
            permissions,
        } = self;
        if let Some(scope) = scopes.iter().find(|scope| !token.has_scope(scope)) {
            let scope = scope.clone();
            return Err(FiefError::AccessTokenMissingScope { scope });
        }
        if let Some(required) = acr.filter(|required| token.acr() < *required) {
            return Err(FiefError::AccessTokenAcrTooLow { required });
        }
        if let Some(max_age) = *max_age {
            let latest = max_age.as_secs().saturating_add(leeway);
            // Without auth_time nobody knows, which is too old.
            let fresh = token
                .auth_time_seconds()
                .is_some_and(|at| now.saturating_sub(at) <= latest);
            if !fresh {
                return Err(FiefError::AccessTokenAuthTooOld { max_age });
            }
        }
        let missing = permissions
            .iter()
            .find(|any| !any.iter().any(|p| token.has_permission(p)));
        match missing {
            Some(missing) => Err(FiefError::AccessTokenMissingPermission {
                permissions: missing.clone(),
            }),
            None => Ok(()),
        }
    }
}

/// The fields of [`Requirements`]. Exhaustive on purpose: who explains requirements takes all of them apart, so that
/// another one does not compile until it is explained.
#[doc(hidden)]
#[derive(Debug)]
pub struct RequirementsParts<'a> {
    pub scopes: &'a [String],
    pub acr: Option<FiefAcr>,
    /// In whole seconds.
    pub max_age: Option<Duration>,
    /// All of the outer list, one of each inner list.
    pub permissions: &'a [Vec<String>],
}
