use std::{mem, sync::Arc};

use axum::http::{Extensions, HeaderMap, Method, request::Parts};
use fief_client::{FiefAccessTokenInfo, Requirements};

use super::{
    authentication::{AuthOutcome, Authentication, Credential},
    bearer::Bearer,
    by_cookie, csrf,
    head::RequestHead,
    missing,
    read_from::ReadFrom,
    token_request::TokenRequest,
    token_source::TokenResult,
};
use crate::{
    Rejection, RejectionKind, log::limited, metrics, response::pending::PendingResponse,
    shared::Shared,
};

/// Authentication state of a request, shared by layer, guards and extractors.
///
/// It is stored in the request's extensions. Credentials are read and verified at most once, by the first guard or extractor
/// that needs them.
///
/// Extensions can be copied to another request, such as a part of a batch. An outcome belongs to the headers that it was
/// read from: a request with others is authenticated again, and its response is another one.
pub(crate) struct RequestAuth {
    /// `None` until the request is authenticated.
    pub(super) known: Option<Known>,
    /// Whether this is a copy that may have been given to another request.
    pub(super) is_copy: bool,
    pub(super) pending: Arc<PendingResponse>,
}

/// What is known of a request that was authenticated.
#[derive(Clone)]
pub(super) struct Known {
    outcome: AuthOutcome,
    /// What the outcome was read from.
    read_from: ReadFrom,
    /// Whether the outcome may be of cookies that were not checked for the site that sent them, since the request changes
    /// nothing.
    is_for_safe: bool,
}

/// Where a request carries its credential.
pub(super) enum CredentialSource<'a> {
    Bearer(&'a [u8]),
    /// The session cookies, or an access token in a cookie.
    Cookies,
}

impl RequestAuth {
    /// Returns the state of a request. If there is none, inserts it and also returns its [`PendingResponse`], which the
    /// caller must apply to the response.
    ///
    /// Fails if the state is that of another `FiefAuth`, which may accept other credentials.
    #[inline]
    pub(crate) fn attach<'a>(
        auth: &Arc<Shared>,
        extensions: &'a mut Extensions,
    ) -> Result<(&'a mut Self, Option<Arc<PendingResponse>>), RejectionKind> {
        let mut new = None;
        let state = extensions.get_or_insert_with(|| {
            let pending = PendingResponse::new(auth);
            new = Some(Arc::clone(&pending));
            Self {
                known: None,
                is_copy: false,
                pending,
            }
        });
        if Arc::ptr_eq(auth, state.auth()) {
            return Ok((state, new));
        }
        limited!(
            error,
            auth.fief(),
            "a FiefAuth's layer or guard is nested in the layer or guard of another FiefAuth: use one FiefAuth for both"
        );
        Err(RejectionKind::Misconfigured)
    }

    /// Authenticates a request for an extractor.
    pub(crate) async fn authenticate(parts: &mut Parts) -> Result<Authentication<'_>, Rejection> {
        let state = parts.extensions.get_mut::<Self>();
        let outcome = state.and_then(|it| it.try_authenticate(&parts.method, &parts.headers));
        if outcome.is_none() {
            Self::complete(parts).await?;
        }
        Self::authentication(parts)
    }

    /// Authenticates a request that [`try_token`](Self::try_token) has returned no token of, unless it is rejected already.
    pub(crate) async fn complete(parts: &mut Parts) -> Result<(), Rejection> {
        match parts.extensions.get::<Self>() {
            None => Err(missing::layer(parts)),
            Some(state) if state.known.is_some() && !state.is_copy => Ok(()),
            Some(_) => {
                // Boxed: this future is large, and most requests do not need it.
                Box::pin(Self::authenticate_async(parts)).await;
                Ok(())
            }
        }
    }

    /// Returns the result for a request that was authenticated before.
    pub(crate) fn authentication(parts: &Parts) -> Result<Authentication<'_>, Rejection> {
        let state = parts.extensions.get::<Self>();
        let state = state.ok_or_else(|| missing::layer(parts))?;
        Ok(Authentication {
            auth: state.auth(),
            pending: &state.pending,
            head: RequestHead::of_parts(parts),
            outcome: state.outcome().ok_or_else(|| missing::outcome(parts))?,
        })
    }

    /// Authenticates a request, and loads its session if it has one.
    pub(crate) async fn with_session(parts: &mut Parts) -> Result<Authentication<'_>, Rejection> {
        Self::authenticate(parts).await?;
        if let Some(state) = parts.extensions.get_mut::<Self>()
            && let Some(known) = &mut state.known
            && let Ok(credential) = &mut known.outcome
        {
            if matches!(credential, Credential::OpenedSession(_)) {
                Box::pin(Self::authenticate_async(parts)).await;
            } else if let Err(kind) = credential.open_session(state.pending.auth()) {
                known.outcome = Err(kind);
            }
        }
        Self::authentication(parts)
    }

    /// Drops the outcome of another request, as [`forget_other_request`](Self::forget_other_request) does. If there was
    /// one, returns the new [`PendingResponse`], which the caller must apply to the response.
    #[inline]
    pub(crate) fn reattach(&mut self, request: TokenRequest<'_>) -> Option<Arc<PendingResponse>> {
        self.known.as_ref()?;
        let found = self.auth().find_tokens(request);
        let is_other = self.forget_other_request(request.method, request.headers, found.as_ref());
        is_other.then(|| Arc::clone(&self.pending))
    }

    /// Drops an outcome that was read from the headers of another request, or that is not for one that changes
    /// something, and what was to be added to its response. Returns whether there was one. `found` is what the sources of
    /// the application find now, if there are any.
    pub(super) fn forget_other_request(
        &mut self,
        method: &Method,
        headers: &HeaderMap,
        found: Option<&TokenResult>,
    ) -> bool {
        let is_copy = mem::take(&mut self.is_copy);
        let Some(known) = &self.known else {
            return false;
        };
        // Of cookies, a request that changes something counts only for the site that has sent it.
        let is_of_this = !is_copy || matches!(known.read_from, ReadFrom::Bearer);
        let is_checked = csrf::is_safe(method, headers) || !known.is_for_safe && is_of_this;
        let credential = known.outcome.as_ref().ok();
        if is_checked && (known.read_from).is(self.auth(), credential, headers, found) {
            return false;
        }
        tracing::debug!("a request has the extensions of another one: it is authenticated again");
        self.known = None;
        self.pending = PendingResponse::new(self.auth());
        true
    }

    /// Authenticates a request and records the outcome. Awaits keys and sessions if necessary.
    pub(crate) async fn authenticate_async(parts: &mut Parts) {
        let head = RequestHead::of_parts(parts);
        let state = parts.extensions.get::<Self>();
        let found = state.and_then(|state| state.auth().find_tokens(head.into()));
        if let Some(found) = found {
            // Boxed, so that this future stays small without such sources.
            return Box::pin(Self::authenticate_by_found(parts, found)).await;
        }
        if let Some(state) = state {
            // Before the await: if this future is dropped, the response still depends on the credentials.
            state.mark_varies();
            let outcome = state.authenticate_by_source(head).await;
            if let Some(state) = parts.extensions.get_mut::<Self>() {
                let is_for_safe = csrf::is_safe(&parts.method, &parts.headers);
                state.record_outcome(outcome, ReadFrom::headers(&parts.headers), is_for_safe);
            }
        }
    }

    pub(super) fn record_outcome(
        &mut self,
        outcome: AuthOutcome,
        read_from: ReadFrom,
        is_for_safe: bool,
    ) {
        self.mark_varies();
        // It may be authenticated again, to load its session.
        if self.known.is_none() {
            metrics::request(match &outcome {
                Ok(_) => "authenticated",
                Err(kind) => kind.label(),
            });
        }
        self.known = Some(Known {
            outcome,
            read_from,
            is_for_safe,
        });
        self.is_copy = false;
    }

    /// Returns the result of authenticating the request, if it was authenticated.
    pub(super) fn outcome(&self) -> Option<&AuthOutcome> {
        self.known.as_ref().map(|known| &known.outcome)
    }

    pub(super) fn auth(&self) -> &Arc<Shared> {
        self.pending.auth()
    }

    /// Returns the valid token of the request, as far as it was authenticated.
    pub(crate) fn token(&self) -> Option<&FiefAccessTokenInfo> {
        let credential = self.outcome()?.as_ref().ok()?;
        Some(credential.token())
    }

    /// Marks the response as depending on the credentials, whether or not they were read.
    pub(crate) fn mark_varies(&self) {
        self.pending.mark_varies();
    }

    /// Returns where the request carries its credential.
    ///
    /// A bearer token takes precedence. If it is invalid, the cookies are not tried.
    pub(super) fn source<'a>(
        &self,
        headers: &'a HeaderMap,
    ) -> Result<CredentialSource<'a>, RejectionKind> {
        match Bearer::from_headers(headers) {
            Bearer::Token(token) => Ok(CredentialSource::Bearer(token)),
            Bearer::Malformed => Err(RejectionKind::Malformed),
            Bearer::TooLong => Err(RejectionKind::Invalid),
            Bearer::Absent if self.auth().takes_cookies() => Ok(CredentialSource::Cookies),
            Bearer::Absent => Err(RejectionKind::MissingCredentials),
        }
    }

    async fn authenticate_by_source(&self, head: RequestHead<'_>) -> AuthOutcome {
        match self.source(head.headers)? {
            CredentialSource::Bearer(token) => {
                let text = str::from_utf8(token).map_err(|_| RejectionKind::Malformed)?;
                let no_requirements = Requirements::new();
                let validated = self
                    .auth()
                    .fief()
                    .validate_access_token(text, &no_requirements)
                    .await;
                by_cookie::unless_denied(self.auth(), Credential::from_bearer(token, validated)?)
                    .await
            }
            // Boxed, so that this future stays small for bearer tokens.
            CredentialSource::Cookies => {
                Box::pin(by_cookie::authenticate(&self.pending, head, None)).await
            }
        }
    }
}

impl Clone for RequestAuth {
    fn clone(&self) -> Self {
        Self {
            known: self.known.clone(),
            is_copy: true,
            pending: Arc::clone(&self.pending),
        }
    }
}
