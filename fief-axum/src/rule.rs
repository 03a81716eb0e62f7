use std::{fmt, sync::Arc};

use fief_client::{FiefAccessTokenInfo, Requirements};

use crate::{
    Rejection, RejectionKind,
    head::Head,
    request_auth::{Found, RequestAuth},
};

/// What a guard asks of a request.
#[derive(Clone, Default)]
pub(crate) struct Rule {
    pub(crate) requirements: Requirements,
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) is_optional: bool,
}

/// A condition of the application's own.
#[derive(Clone)]
pub(crate) struct Predicate(Arc<dyn Fn(&FiefAccessTokenInfo) -> bool + Send + Sync>);

impl Rule {
    /// Whoever is logged in passes, and so does everyone else; nobody is asked for more.
    pub(crate) fn optional() -> Self {
        Self {
            is_optional: true,
            ..Self::default()
        }
    }

    /// Returns whether a request may pass, and none where that has to be waited for.
    pub(crate) fn check_known(&self, head: Head<'_>) -> Option<Result<(), Rejection>> {
        match RequestAuth::of(head.extensions) {
            Ok(request_auth) => {
                let found = request_auth.known(head)?;
                Some(self.judge(request_auth, head, found))
            }
            Err(rejection) => Some(Err(rejection)),
        }
    }

    /// Checks whether a request of which nothing is known may pass.
    pub(crate) async fn check(&self, head: Head<'_>) -> Result<(), Rejection> {
        let request_auth = RequestAuth::of(head.extensions)?;
        let found = request_auth.find(head).await;
        self.judge(request_auth, head, found)
    }

    fn judge(
        &self,
        request_auth: &RequestAuth,
        head: Head<'_>,
        found: &Found,
    ) -> Result<(), Rejection> {
        let kind = match request_auth.meets(found, &self.requirements) {
            Ok(credential) if self.predicates.iter().all(|p| (p.0)(&credential.token)) => {
                return Ok(());
            }
            Ok(_) => RejectionKind::Forbidden,
            Err(kind) if self.is_optional && kind.is_unauthenticated() => return Ok(()),
            Err(kind) => kind,
        };
        Err(request_auth.reject(head, kind, &self.requirements))
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
