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
    session::{self, Opened, Session, Sessions},
    shared::Shared,
};

/// Who sent one request: read once, verified once, for layer, guards and extractors.
#[derive(Clone)]
pub(crate) struct RequestAuth {
    auth: Arc<Shared>,
    outcome: Option<Outcome>,
    pending: Arc<PendingResponse>,
}

pub(crate) type Outcome = Result<Credential, RejectionKind>;

/// What a request authenticated with.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) token: FiefAccessTokenInfo,
    /// None for a bearer token, or a plain one in a cookie.
    pub(crate) session: Option<Arc<Session>>,
}

/// Where a request has its credentials.
enum CredentialSource<'a> {
    Bearer(&'a [u8]),
    /// What a browser sends by itself.
    Cookies,
}

/// A request whose sender was asked for.
pub(crate) struct Authentication<'a> {
    pub(crate) auth: &'a Arc<Shared>,
    pub(crate) pending: &'a Arc<PendingResponse>,
    pub(crate) head: RequestHead<'a>,
    pub(crate) outcome: &'a Outcome,
}

impl Credential {
    fn of_token(token: FiefAccessTokenInfo) -> Self {
        Self {
            token,
            session: None,
        }
    }
}

impl<'a> Authentication<'a> {
    /// Returns who sent the request.
    pub(crate) fn credential(&self) -> Result<&'a Credential, Rejection> {
        self.outcome
            .as_ref()
            .map_err(|kind| self.reject(kind.clone(), &Requirements::new()))
    }

    /// Returns who sent the request where they meet what is required.
    pub(crate) fn require(&self, required: &Requirements) -> Result<&'a Credential, Rejection> {
        check_requirements(self.auth, self.outcome, required)
            .map_err(|kind| self.reject(kind, required))
    }

    pub(crate) fn reject(&self, kind: RejectionKind, required: &Requirements) -> Rejection {
        self.auth.reject(self.head, kind, required)
    }
}

/// Checks what is required of whoever was outcome.
pub(crate) fn check_requirements<'a>(
    auth: &Arc<Shared>,
    outcome: &'a Outcome,
    required: &Requirements,
) -> Result<&'a Credential, RejectionKind> {
    let credential = outcome.as_ref().map_err(Clone::clone)?;
    auth.fief()
        .check_requirements(&credential.token, required)?;
    Ok(credential)
}

impl RequestAuth {
    /// Puts one into a request that has none, and then returns what is to be told with its answer too.
    ///
    /// Another `FiefAuth`'s is refused: what it let in is not for this one to trust.
    pub(crate) fn attach<'a>(
        auth: &Arc<Shared>,
        extensions: &'a mut Extensions,
    ) -> Result<(&'a mut Self, Option<Arc<PendingResponse>>), RejectionKind> {
        let mut new = None;
        let state = extensions.get_or_insert_with(|| {
            let pending = PendingResponse::new();
            new = Some(Arc::clone(&pending));
            Self {
                auth: auth.clone(),
                outcome: None,
                pending,
            }
        });
        if Arc::ptr_eq(auth, &state.auth) {
            return Ok((state, new));
        }
        tracing::error!("a layer or guard is inside of another FiefAuth's");
        Err(RejectionKind::Misconfigured)
    }

    /// Finds out who sent a request, for an extractor.
    pub(crate) async fn authenticate(parts: &mut Parts) -> Result<Authentication<'_>, Rejection> {
        Self::token(parts).await?;
        Self::authenticated(parts)
    }

    /// Finds out who sent a request and returns their token, if they have a good one: the shortest way to it.
    pub(crate) async fn token(parts: &mut Parts) -> Result<Option<FiefAccessTokenInfo>, Rejection> {
        let mut state = parts
            .extensions
            .get_mut::<Self>()
            .ok_or_else(missing_layer)?;
        if state.try_authenticate(&parts.headers).is_none() {
            // Boxed, since what may wait for Fief is large, and most requests do not.
            Box::pin(Self::resolve(parts)).await;
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

    /// Returns what was outcome out before.
    pub(crate) fn authenticated(parts: &Parts) -> Result<Authentication<'_>, Rejection> {
        let state = parts.extensions.get::<Self>().ok_or_else(missing_layer)?;
        Ok(Authentication {
            auth: &state.auth,
            pending: &state.pending,
            head: RequestHead::of_parts(parts),
            outcome: state.outcome.as_ref().ok_or_else(missing_layer)?,
        })
    }

    /// Returns who sent the request where nothing has to be waited for: with a session it may have to be, and with a
    /// bearer token only when Fief has to be asked for its key.
    pub(crate) fn try_authenticate(&mut self, headers: &HeaderMap) -> Option<&Outcome> {
        if self.outcome.is_none() {
            let outcome = match self.source(headers) {
                Ok(CredentialSource::Bearer(token)) => {
                    of_bearer(token, self.auth.fief().try_validate_access_token(token)?)
                }
                Ok(CredentialSource::Cookies) => return None,
                Err(kind) => Err(kind),
            };
            self.set(outcome);
        }
        self.outcome.as_ref()
    }

    /// Finds out who sent a request of which nothing is known.
    pub(crate) async fn resolve(parts: &mut Parts) {
        if let Some(state) = parts.extensions.get::<Self>() {
            // Said before it is known, since the wait may be given up.
            state.pending.mark_varies();
            let outcome = state.read(RequestHead::of_parts(parts)).await;
            if let Some(state) = parts.extensions.get_mut::<Self>() {
                state.set(outcome);
            }
        }
    }

    fn set(&mut self, outcome: Outcome) {
        self.pending.mark_varies();
        metrics::request(match &outcome {
            Ok(_) => "authenticated",
            Err(kind) => kind.code(),
        });
        self.outcome = Some(outcome);
    }

    /// Says that the answer is about whoever sent the request, without looking who that is.
    pub(crate) fn mark_varies(&self) {
        self.pending.mark_varies();
    }

    /// Returns what is to say who sent a request. Bearer goes first, and a bad one never falls back to the session.
    fn source<'a>(&self, headers: &'a HeaderMap) -> Result<CredentialSource<'a>, RejectionKind> {
        match Bearer::read(headers) {
            Bearer::Token(token) => Ok(CredentialSource::Bearer(token)),
            Bearer::Malformed => Err(RejectionKind::Malformed),
            Bearer::TooLong => Err(RejectionKind::Invalid),
            Bearer::Absent if self.auth.takes_cookies() => Ok(CredentialSource::Cookies),
            Bearer::Absent => Err(RejectionKind::MissingCredentials),
        }
    }

    async fn read(&self, head: RequestHead<'_>) -> Outcome {
        match self.source(head.headers)? {
            CredentialSource::Bearer(token) => {
                let text = str::from_utf8(token).map_err(|_| RejectionKind::Malformed)?;
                let any = Requirements::new();
                let validated = self.auth.fief().validate_access_token(text, &any).await;
                of_bearer(token, validated)
            }
            // Boxed, so that its size is not moved around with every bearer token.
            CredentialSource::Cookies => Box::pin(self.read_cookies(head)).await,
        }
    }

    /// What a browser sends by itself: the session, else a plain access token where that is set up.
    async fn read_cookies(&self, head: RequestHead<'_>) -> Outcome {
        let auth = &self.auth;
        let session = auth
            .sessions()
            .and_then(|sessions| Some((sessions, Opened::of(sessions, head.headers)?)));
        let name = auth.access_token_cookie();
        let plain = name.and_then(|name| Jar::new(head.headers).get(name));
        let plain = plain.filter(|value| !value.is_empty());
        if session.is_none() && plain.is_none() {
            return Err(RejectionKind::MissingCredentials);
        }
        // First, since another site must not spend a refresh either.
        if !csrf::is_same_origin(auth.site().map(LoginConfig::origin), head) {
            return Err(RejectionKind::CrossSite);
        }
        if let Some((sessions, opened)) = session
            && let Some(credential) = self.read_session(sessions, opened, head).await?
        {
            return Ok(credential);
        }
        let value = plain.ok_or(RejectionKind::MissingCredentials)?;
        let any = Requirements::new();
        let validated = auth.fief().validate_access_token(value, &any).await;
        Ok(Credential::of_token(validated?))
    }

    async fn read_session(
        &self,
        sessions: &Arc<Sessions>,
        opened: Opened,
        head: RequestHead<'_>,
    ) -> Result<Option<Credential>, RejectionKind> {
        let authenticated = session::authenticate(sessions, head, opened).await?;
        let (token, session) = authenticated.session.unzip();
        self.pending
            .set_session_cookies(sessions, authenticated.cookies, session.as_ref());
        Ok(token.map(|token| Credential { token, session }))
    }
}

/// A good token is one token, so only of a bad one is it asked whether it is.
fn of_bearer(token: &[u8], validated: Result<FiefAccessTokenInfo, FiefError>) -> Outcome {
    match validated {
        Ok(token) => Ok(Credential::of_token(token)),
        Err(_) if !is_b64token(token) => Err(RejectionKind::Malformed),
        Err(error) => Err(error.into()),
    }
}

fn missing_layer() -> Rejection {
    tracing::error!("neither FiefAuth::layer() nor a guard is around an extractor");
    Rejection::misconfigured()
}
