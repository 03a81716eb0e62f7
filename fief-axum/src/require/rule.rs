use std::{fmt, sync::Arc};

use fief_client::{FiefAccessTokenInfo, Requirements};

use crate::{
    RejectionKind,
    request::authentication::{AuthOutcome, check_requirements},
    shared::Shared,
};

/// What a guard requires of a request.
#[derive(Clone, Default)]
pub(crate) struct Rule {
    pub(crate) requirements: Requirements,
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) is_optional: bool,
}

/// Requirement that the application checks.
#[derive(Clone)]
pub(crate) struct Predicate(Arc<dyn Fn(&FiefAccessTokenInfo) -> bool + Send + Sync>);

impl Rule {
    /// Accepts every request, unless its credentials are malformed or come from another site.
    pub(crate) fn optional() -> Self {
        Self {
            requirements: Requirements::new(),
            predicates: Vec::new(),
            is_optional: true,
        }
    }

    /// Checks the outcome of authenticating a request.
    #[inline]
    pub(crate) fn check(
        &self,
        auth: &Arc<Shared>,
        outcome: &AuthOutcome,
    ) -> Result<(), RejectionKind> {
        match check_requirements(auth, outcome, &self.requirements) {
            Ok(credential) if self.predicates.iter().all(|p| (p.0)(credential.token())) => Ok(()),
            Ok(_) => Err(RejectionKind::Forbidden),
            Err(kind) if self.is_optional && kind.is_unauthenticated() => Ok(()),
            Err(kind) => Err(kind),
        }
    }
}

impl Predicate {
    pub(crate) fn new(
        predicate: impl Fn(&FiefAccessTokenInfo) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(predicate))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("requirements", &self.requirements)
            .field("predicates", &self.predicates.len())
            .field("is_optional", &self.is_optional)
            .finish()
    }
}
