use std::{fmt, sync::Arc};

use fief_client::{Fief, FiefAccessTokenInfo, Requirements};
use tower_cookies::Cookie;

use crate::{
    Rejection, RejectionKind,
    cookie::{CookieConfig, Jar},
    extract::policy::Policies,
    health::{AuthHealth, HealthProbe},
    log::limited,
    rejection::{OnRejection, challenge::Challenge, links::Links, rejected::Rejected},
    request::{
        caller::Caller,
        csrf::CookieOrigins,
        head::RequestHead,
        owned::OwnedHead,
        token_request::TokenRequest,
        token_source::{TokenResult, TokenSources},
    },
    routes::config::{LoginConfig, Resource},
    session::{Marks, Sessions, Store, Waiters},
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
    /// What webhooks and the application have said about users.
    pub(crate) marks: Arc<Marks>,
    #[cfg(feature = "webhooks")]
    pub(crate) webhooks: Option<crate::webhook::config::WebhookConfig>,
    pub(crate) on_rejection: Option<OnRejection>,
    pub(crate) access_token_cookie: Option<String>,
    pub(crate) origins: CookieOrigins,
    /// `None` if tokens come from `Authorization: Bearer` and cookies only.
    pub(crate) sources: Option<TokenSources>,
    pub(crate) challenge: Challenge,
    pub(crate) resource: Option<Resource>,
    pub(crate) policies: Policies,
    pub(crate) health: HealthProbe,
    pub(crate) ready_route: Option<String>,
    #[cfg(feature = "utoipa")]
    pub(crate) openapi: crate::openapi::settings::OpenApiSettings,
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

    /// Returns the session store, if there is one.
    pub(crate) fn store(&self) -> Option<&Store> {
        self.sessions()?.store.as_ref()
    }

    /// Returns whether no routes are configured.
    pub(crate) fn has_no_routes(&self) -> bool {
        self.site.is_none() && self.ready_route.is_none() && !self.has_webhooks()
    }

    /// Returns whether there is a route for webhooks.
    #[cfg_attr(
        not(feature = "webhooks"),
        expect(clippy::unused_self, reason = "the field needs the feature")
    )]
    fn has_webhooks(&self) -> bool {
        #[cfg(feature = "webhooks")]
        return self.webhooks.is_some();
        #[cfg(not(feature = "webhooks"))]
        false
    }

    pub(crate) fn users(&self) -> &Arc<Users> {
        &self.users
    }

    /// Returns whether cookies may authenticate a request.
    pub(crate) fn takes_cookies(&self) -> bool {
        self.site.is_some() || self.access_token_cookie.is_some()
    }

    /// Reads tokens of the application's sources, if there are any.
    pub(crate) fn find_tokens(&self, request: TokenRequest<'_>) -> Option<TokenResult> {
        let sources = self.sources.as_ref()?;
        Some(sources.read(&self.fief, request))
    }

    /// Returns whether requests can be authenticated.
    pub(crate) async fn health(&self) -> AuthHealth {
        self.health.health(&self.fief, self.sessions()).await
    }

    /// Returns the scheme of the `Authorization` header, if it is not `Bearer`.
    pub(crate) fn other_scheme(&self) -> Option<&str> {
        let scheme = self.sources.as_ref()?.scheme.as_deref()?;
        (!scheme.eq_ignore_ascii_case("Bearer")).then_some(scheme)
    }

    pub(crate) fn access_token_cookie(&self) -> Option<&str> {
        self.access_token_cookie.as_deref()
    }

    /// Removes the cookie with an access token of another program, if the browser has it: after a logout, and once the
    /// session of a login has ended, it would authenticate requests, perhaps as another user.
    pub(crate) fn removed_token_cookie(
        &self,
        config: &CookieConfig,
        jar: Jar<'_>,
    ) -> Option<Cookie<'static>> {
        let name = self.access_token_cookie().filter(|name| jar.has(name))?;
        Some(config.removal(name.to_owned()))
    }

    pub(crate) fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Rejects a request before requirements are known.
    pub(crate) fn rejection(&self, head: RequestHead<'_>, kind: RejectionKind) -> Rejection {
        self.reject(head, kind, &Requirements::new(), None)
    }

    /// Rejects a request that does not meet the requirements of a guard.
    pub(crate) fn reject_by_guard(
        &self,
        head: RequestHead<'_>,
        kind: RejectionKind,
        required: &Requirements,
        token: Option<&FiefAccessTokenInfo>,
    ) -> Rejection {
        let path = head.original_uri().path();
        if !self.site().is_some_and(|site| site.is_part_of_login(path)) {
            return self.reject(head, kind, required, token);
        }
        limited!(
            error,
            &self.fief,
            path,
            "a guard rejects the login route or the callback route of its own FiefAuth: merge \
             FiefAuth::routes() after guards, or make the paths public"
        );
        self.reject(head, RejectionKind::Misconfigured, required, token)
    }

    /// Rejects a request that does not meet the requirements. `token` is its valid token.
    pub(crate) fn reject(
        &self,
        head: RequestHead<'_>,
        kind: RejectionKind,
        required: &Requirements,
        token: Option<&FiefAccessTokenInfo>,
    ) -> Rejection {
        let caller = Caller::of(head);
        let mut links = self.site().map_or_else(Links::default, |site| {
            Links::new(site, head, caller, &kind, required)
        });
        // A page that may never be shown leads to no login.
        let is_prefetch = links.login.is_some() && head.is_prefetch();
        if is_prefetch {
            links.login = None;
        }
        // A redirect says what to do.
        let is_redirect = caller == Caller::Page && links.login.is_some();
        let challenge = (!is_redirect).then(|| self.challenge.header_value(&kind, required));
        let token = token.filter(|_| !kind.is_unauthenticated());
        let rejected = Rejected {
            kind,
            caller,
            is_prefetch,
            has_login: self.site.is_some(),
            links,
            challenge: challenge.flatten(),
            request: OwnedHead::of(head),
            token: token.cloned(),
            user: None,
        };
        Rejection::new(rejected, self.on_rejection.clone())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefAuth")
            .field("fief", &self.fief)
            .finish_non_exhaustive()
    }
}
