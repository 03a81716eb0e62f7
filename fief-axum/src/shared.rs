use std::{fmt, sync::Arc};

use fief_client::{Fief, Requirements};

use crate::{
    Rejection, RejectionKind,
    extract::policy::Policies,
    rejection::{self, OnRejection, challenge::Challenge},
    request::head::RequestHead,
    routes::config::{LoginConfig, Resource},
    session::{Sessions, Waiters},
    user::Users,
};

/// The state that all clones of a [`FiefAuth`](crate::FiefAuth), its layers and its guards share.
pub(crate) struct Shared {
    pub(crate) fief: Fief,
    /// `None` without login: then only bearer tokens, or an access token in a cookie, authenticate.
    pub(crate) site: Option<LoginConfig>,
    pub(crate) users: Arc<Users>,
    /// What waits for the end of sessions and tokens.
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) on_rejection: Option<OnRejection>,
    pub(crate) access_token_cookie: Option<String>,
    pub(crate) challenge: Challenge,
    pub(crate) resource: Option<Resource>,
    pub(crate) policies: Policies,
}

impl Shared {
    pub(crate) fn fief(&self) -> &Fief {
        &self.fief
    }

    pub(crate) fn site(&self) -> Option<&LoginConfig> {
        self.site.as_ref()
    }

    pub(crate) fn sessions(&self) -> Option<&Arc<Sessions>> {
        self.site().map(|site| &site.sessions)
    }

    pub(crate) fn users(&self) -> &Arc<Users> {
        &self.users
    }

    /// Returns whether cookies may authenticate a request.
    pub(crate) fn takes_cookies(&self) -> bool {
        self.site.is_some() || self.access_token_cookie.is_some()
    }

    pub(crate) fn access_token_cookie(&self) -> Option<&str> {
        self.access_token_cookie.as_deref()
    }

    pub(crate) fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Rejects a request before requirements are known.
    pub(crate) fn rejection(&self, head: RequestHead<'_>, kind: RejectionKind) -> Rejection {
        self.reject(head, kind, &Requirements::new())
    }

    /// Rejects a request that does not meet the requirements.
    pub(crate) fn reject(
        &self,
        head: RequestHead<'_>,
        kind: RejectionKind,
        required: &Requirements,
    ) -> Rejection {
        let is_navigation = head.is_navigation();
        let site = self.site().filter(|_| is_navigation);
        let login_url = site
            .filter(|_| kind.is_login())
            .map(|site| site.login_url(head.path_and_query(), &kind, required));
        let challenge = match login_url {
            None => self.challenge.header_value(&kind, required),
            Some(_) => None,
        };
        Rejection::new(rejection::Inner {
            kind,
            is_navigation,
            is_page: site.is_some(),
            login_url,
            challenge,
            hook: self.on_rejection.clone(),
            is_reported: false,
        })
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefAuth")
            .field("fief", &self.fief)
            .finish_non_exhaustive()
    }
}
