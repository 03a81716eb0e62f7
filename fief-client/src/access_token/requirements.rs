use std::time::Duration;

use crate::{FiefAccessTokenInfo, FiefAcr, FiefError, clock::Clock, jose::claims::MaxAge};

/// Requirements of an access token, beyond being valid.
///
/// The token must meet all of them. They are checked in this order, and the first that is not met is the
/// error: scopes, level of authentication, age of the login, permissions.
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
#[must_use = "requirements do nothing until a token is checked"]
pub struct Requirements {
    scopes: Vec<String>,
    acr: Option<FiefAcr>,
    max_age: Option<Duration>,
    permissions: Vec<Vec<String>>,
}

impl Requirements {
    /// Returns requirements that every valid token meets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires a scope. Repeated calls require all of them. Default: no scope.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Requires at least this level of authentication. Repeated calls require the highest. Default: any level.
    ///
    /// To let the user meet it, send them to a login with
    /// [`AuthorizationRequest::acr`](crate::AuthorizationRequest::acr).
    pub fn acr(mut self, acr: FiefAcr) -> Self {
        self.acr = self.acr.max(Some(acr));
        self
    }

    /// Requires that the user logged in no longer ago than this, in whole seconds; the
    /// [`leeway`](crate::FiefBuilder::leeway) is added. Repeated calls require the shortest. Default: any age.
    ///
    /// A token that does not say when the user logged in does not meet it, nor does one with a login in the future.
    /// Fief issues `LevelOne` also
    /// without a password, so protect what is dangerous with both:
    ///
    /// ```
    /// use std::time::Duration;
    /// use fief_client::{FiefAcr, Requirements};
    ///
    /// let step_up = Requirements::new().acr(FiefAcr::LevelOne).max_age(Duration::from_secs(300));
    /// # let _ = step_up;
    /// ```
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(self.max_age.map_or(max_age, |other| other.min(max_age)));
        self
    }

    /// Requires a permission, given by its code name. Repeated calls require all of them. Default: no permission.
    pub fn permission(mut self, permission: impl Into<String>) -> Self {
        self.permissions.push(vec![permission.into()]);
        self
    }

    /// Requires at least one of these permissions. An empty list is never met.
    ///
    /// ```
    /// use fief_client::Requirements;
    ///
    /// // Either of the first two, and the third.
    /// let edit = Requirements::new()
    ///     .any_permission(["castles:create", "castles:update"])
    ///     .permission("castles:read");
    /// # let _ = edit;
    /// ```
    pub fn any_permission<P: Into<String>>(
        mut self,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        let alternatives = permissions.into_iter().map(Into::into).collect();
        self.permissions.push(alternatives);
        self
    }

    /// Adds the requirements of `other`: the token must meet both.
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

    /// Returns all requirements, for fief-axum, which explains each of them.
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

    /// Checks a validated token. The clock is only read if a requirement depends on the time.
    pub(crate) fn check(
        &self,
        token: &FiefAccessTokenInfo,
        clock: &Clock,
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
            let now = clock.now();
            let required = MaxAge {
                most: max_age,
                at: now,
                now,
                leeway: clock.leeway,
            };
            if let Err(reason) = required.check(token.validated().auth_time) {
                clock.warn_if_behind(reason);
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

/// The fields of [`Requirements`]. Exhaustive on purpose: code that explains requirements destructures it, so
/// that it does not compile until it explains a new one.
#[doc(hidden)]
#[derive(Debug)]
pub struct RequirementsParts<'a> {
    pub scopes: &'a [String],
    pub acr: Option<FiefAcr>,
    /// Whole seconds.
    pub max_age: Option<Duration>,
    /// All of the outer list, one of each inner list.
    pub permissions: &'a [Vec<String>],
}
