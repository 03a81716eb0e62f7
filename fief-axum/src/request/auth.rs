use std::sync::Arc;

use axum::http::{Extensions, HeaderMap, request::Parts};
use fief_client::{FiefAccessTokenInfo, FiefError, Requirements};

use super::{
    bearer::{Bearer, is_b64token},
    csrf,
    head::RequestHead,
};
use crate::{
    Rejection, RejectionKind,
    cookie::Jar,
    metrics,
    response::pending::PendingResponse,
    routes::config::LoginConfig,
    session::{self, Session, SessionCookie, Sessions},
    shared::Shared,
};

/// Per-request authentication state, shared by layer, guards and extractors.
///
/// It is in the request's extensions. Credentials are read and verified at most once, by the first guard or extractor
/// that needs them.
#[derive(Clone)]
pub(crate) struct RequestAuth {
    auth: Arc<Shared>,
    /// `None` until the request is authenticated.
    outcome: Option<AuthOutcome>,
    pending: Arc<PendingResponse>,
}

/// The result of authenticating a request.
pub(crate) type AuthOutcome = Result<Credential, RejectionKind>;

/// A credential that was found to be valid.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) token: FiefAccessTokenInfo,
    /// `None` for a bearer token, and for an access token that is the plain value of a cookie.
    pub(crate) session: Option<Arc<Session>>,
}

/// Where a request carries its credential.
enum CredentialSource<'a> {
    Bearer(&'a [u8]),
    /// The session cookies, or an access token in a cookie.
    Cookies,
}

/// An authenticated request, as extractors see it.
pub(crate) struct Authentication<'a> {
    pub(crate) auth: &'a Arc<Shared>,
    pub(crate) pending: &'a Arc<PendingResponse>,
    pub(crate) head: RequestHead<'a>,
    pub(crate) outcome: &'a AuthOutcome,
}

impl Credential {
    fn from_token(token: FiefAccessTokenInfo) -> Self {
        Self {
            token,
            session: None,
        }
    }
}

impl<'a> Authentication<'a> {
    /// Returns the credential, or the rejection of a request that has no valid one.
    pub(crate) fn credential(&self) -> Result<&'a Credential, Rejection> {
        self.outcome
            .as_ref()
            .map_err(|kind| self.reject(kind.clone(), &Requirements::new()))
    }

    /// Returns the credential if it meets the requirements.
    pub(crate) fn require(&self, required: &Requirements) -> Result<&'a Credential, Rejection> {
        check_requirements(self.auth, self.outcome, required)
            .map_err(|kind| self.reject(kind, required))
    }

    /// Rejects the request. The response explains how to meet the requirements.
    pub(crate) fn reject(&self, kind: RejectionKind, required: &Requirements) -> Rejection {
        self.auth.reject(self.head, kind, required)
    }
}

/// Returns the credential of an outcome if it meets the requirements.
pub(crate) fn check_requirements<'a>(
    auth: &Arc<Shared>,
    outcome: &'a AuthOutcome,
    required: &Requirements,
) -> Result<&'a Credential, RejectionKind> {
    let credential = outcome.as_ref().map_err(Clone::clone)?;
    auth.fief()
        .check_requirements(&credential.token, required)?;
    Ok(credential)
}

impl RequestAuth {
    /// Returns the state of a request, and inserts it first if there is none.
    ///
    /// The caller that inserts it also gets the [`PendingResponse`], and must apply it to the response. The state of another
    /// `FiefAuth` is rejected, since its credentials are not valid here.
    pub(crate) fn attach<'a>(
        auth: &Arc<Shared>,
        extensions: &'a mut Extensions,
    ) -> Result<(&'a mut Self, Option<Arc<PendingResponse>>), RejectionKind> {
        let mut new = None;
        let state = extensions.get_or_insert_with(|| {
            let pending = PendingResponse::new();
            new = Some(Arc::clone(&pending));
            Self {
                auth: Arc::clone(auth),
                outcome: None,
                pending,
            }
        });
        if Arc::ptr_eq(auth, &state.auth) {
            return Ok((state, new));
        }
        tracing::error!(
            "a FiefAuth's layer or guard is nested in the layer of another FiefAuth: use one FiefAuth for both"
        );
        Err(RejectionKind::Misconfigured)
    }

    /// Authenticates a request for an extractor.
    pub(crate) async fn authenticate(parts: &mut Parts) -> Result<Authentication<'_>, Rejection> {
        Self::authenticate_token_info(parts).await?;
        Self::authentication(parts)
    }

    /// Authenticates a request and returns its access token, if it has a valid one. This is the shortest path, for
    /// [`Authenticated`](crate::Authenticated).
    pub(crate) async fn authenticate_token_info(
        parts: &mut Parts,
    ) -> Result<Option<FiefAccessTokenInfo>, Rejection> {
        let mut state = parts
            .extensions
            .get_mut::<Self>()
            .ok_or_else(missing_layer)?;
        if state.try_authenticate(&parts.headers).is_none() {
            // Boxed: this future is large, and most requests do not need it.
            Box::pin(Self::authenticate_async(parts)).await;
            state = parts
                .extensions
                .get_mut::<Self>()
                .ok_or_else(missing_layer)?;
        }
        let credential = state
            .outcome
            .as_ref()
            .and_then(|outcome| outcome.as_ref().ok());
        Ok(credential.map(|credential| credential.token.clone()))
    }

    /// Returns the outcome of a request that was authenticated before.
    pub(crate) fn authentication(parts: &Parts) -> Result<Authentication<'_>, Rejection> {
        let state = parts.extensions.get::<Self>().ok_or_else(missing_layer)?;
        Ok(Authentication {
            auth: &state.auth,
            pending: &state.pending,
            head: RequestHead::of_parts(parts),
            outcome: state.outcome.as_ref().ok_or_else(missing_layer)?,
        })
    }

    /// Authenticates without awaiting, if possible.
    ///
    /// Returns `None` if a session may have to be loaded, or if Fief's keys must be fetched to verify a bearer token.
    pub(crate) fn try_authenticate(&mut self, headers: &HeaderMap) -> Option<&AuthOutcome> {
        if self.outcome.is_none() {
            let outcome = match self.source(headers) {
                Ok(CredentialSource::Bearer(token)) => {
                    from_bearer(token, self.auth.fief().try_validate_access_token(token)?)
                }
                Ok(CredentialSource::Cookies) => return None,
                Err(kind) => Err(kind),
            };
            self.record_outcome(outcome);
        }
        self.outcome.as_ref()
    }

    /// Authenticates a request, and awaits what this takes.
    pub(crate) async fn authenticate_async(parts: &mut Parts) {
        if let Some(state) = parts.extensions.get::<Self>() {
            // Before the await, since the response is written even if this future is dropped.
            state.pending.mark_varies();
            let outcome = state
                .authenticate_by_source(RequestHead::of_parts(parts))
                .await;
            if let Some(state) = parts.extensions.get_mut::<Self>() {
                state.record_outcome(outcome);
            }
        }
    }

    fn record_outcome(&mut self, outcome: AuthOutcome) {
        self.pending.mark_varies();
        metrics::request(match &outcome {
            Ok(_) => "authenticated",
            Err(kind) => kind.code(),
        });
        self.outcome = Some(outcome);
    }

    /// Marks the response as dependent on the credentials, although they were not read.
    pub(crate) fn mark_varies(&self) {
        self.pending.mark_varies();
    }

    /// Returns where the request carries its credential.
    ///
    /// A bearer token takes precedence. If it is invalid, the cookies are not tried.
    fn source<'a>(&self, headers: &'a HeaderMap) -> Result<CredentialSource<'a>, RejectionKind> {
        match Bearer::from_headers(headers) {
            Bearer::Token(token) => Ok(CredentialSource::Bearer(token)),
            Bearer::Malformed => Err(RejectionKind::Malformed),
            Bearer::TooLong => Err(RejectionKind::Invalid),
            Bearer::Absent if self.auth.takes_cookies() => Ok(CredentialSource::Cookies),
            Bearer::Absent => Err(RejectionKind::MissingCredentials),
        }
    }

    async fn authenticate_by_source(&self, head: RequestHead<'_>) -> AuthOutcome {
        match self.source(head.headers)? {
            CredentialSource::Bearer(token) => {
                let text = str::from_utf8(token).map_err(|_| RejectionKind::Malformed)?;
                let no_requirements = Requirements::new();
                let validated = self
                    .auth
                    .fief()
                    .validate_access_token(text, &no_requirements)
                    .await;
                from_bearer(token, validated)
            }
            // Boxed, so that this future stays small for bearer tokens.
            CredentialSource::Cookies => Box::pin(self.authenticate_by_cookie(head)).await,
        }
    }

    /// Authenticates by what a browser sends on its own: the session, else an access token in a cookie, if one is
    /// configured.
    async fn authenticate_by_cookie(&self, head: RequestHead<'_>) -> AuthOutcome {
        let auth = &self.auth;
        let session = auth
            .sessions()
            .and_then(|sessions| Some((sessions, SessionCookie::read(sessions, head.headers)?)));
        let name = auth.access_token_cookie();
        let token_cookie = name.and_then(|name| Jar::new(head.headers).get(name));
        let token_cookie = token_cookie.filter(|value| !value.is_empty());
        if session.is_none() && token_cookie.is_none() {
            return Err(RejectionKind::MissingCredentials);
        }
        // Before the session is loaded, so that another site cannot cause a refresh.
        if !csrf::is_same_origin(auth.site().map(LoginConfig::origin), head) {
            return Err(RejectionKind::CrossSite);
        }
        if let Some((sessions, cookie)) = session
            && let Some(credential) = self.authenticate_by_session(sessions, cookie, head).await?
        {
            return Ok(credential);
        }
        let value = token_cookie.ok_or(RejectionKind::MissingCredentials)?;
        let no_requirements = Requirements::new();
        let validated = auth
            .fief()
            .validate_access_token(value, &no_requirements)
            .await;
        Ok(Credential::from_token(validated?))
    }

    async fn authenticate_by_session(
        &self,
        sessions: &Arc<Sessions>,
        cookie: SessionCookie,
        head: RequestHead<'_>,
    ) -> Result<Option<Credential>, RejectionKind> {
        let authenticated = session::authenticate(sessions, head, cookie).await?;
        let (token, session) = authenticated.session.unzip();
        self.pending
            .set_session_cookies(sessions, authenticated.cookies, session.as_ref());
        Ok(token.map(|token| Credential { token, session }))
    }
}

/// The syntax is checked only after validation failed, since a valid token is always well-formed.
fn from_bearer(token: &[u8], validated: Result<FiefAccessTokenInfo, FiefError>) -> AuthOutcome {
    match validated {
        Ok(token) => Ok(Credential::from_token(token)),
        Err(_) if !is_b64token(token) => Err(RejectionKind::Malformed),
        Err(error) => Err(error.into()),
    }
}

fn missing_layer() -> Rejection {
    tracing::error!(
        "an extractor needs FiefAuth::layer() or a guard around its route: add `.layer(auth.layer())`"
    );
    Rejection::misconfigured()
}
