use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use axum::http::{Extensions, HeaderMap};
use fief_client::{FiefAccessTokenInfo, Requirements};
use tower_cookies::Cookie;

use crate::{
    FiefAuth, Rejection, RejectionKind,
    bearer::{Bearer, is_b64token},
    caching, csrf,
    head::Head,
    metrics,
    outgoing::{Outgoing, append_cookies},
    session::{self, Jar, Session},
    site::Site,
};

/// Who sent one request: read once, verified once, shared by layer, guards and extractors.
#[derive(Clone)]
pub(crate) struct RequestAuth {
    inner: Arc<Inner>,
}

struct Inner {
    auth: FiefAuth,
    found: OnceLock<Found>,
    asked: AtomicBool,
    outgoing: Outgoing,
}

pub(crate) type Found = Result<Credential, RejectionKind>;

/// What a request authenticated with.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) token: FiefAccessTokenInfo,
    /// None for a bearer token, or a plain one in a cookie.
    pub(crate) session: Option<Arc<Session>>,
}

impl Credential {
    fn of_token(token: FiefAccessTokenInfo) -> Self {
        Self {
            token,
            session: None,
        }
    }
}

impl RequestAuth {
    /// Puts one into a request that has none, and returns it to be finished.
    ///
    /// Another `FiefAuth`'s is refused: what it let in is not for this one to trust.
    pub(crate) fn lend(
        auth: &FiefAuth,
        extensions: &mut Extensions,
    ) -> Result<Option<Self>, RejectionKind> {
        if let Some(found) = extensions.get::<Self>() {
            if auth.is(&found.inner.auth) {
                return Ok(None);
            }
            tracing::error!("a layer or guard is inside of another FiefAuth's");
            return Err(RejectionKind::Misconfigured);
        }
        let new = Self {
            inner: Arc::new(Inner {
                auth: auth.clone(),
                found: OnceLock::new(),
                asked: AtomicBool::new(false),
                outgoing: Outgoing::default(),
            }),
        };
        extensions.insert(new.clone());
        Ok(Some(new))
    }

    /// Looks it up for a guard or an extractor.
    pub(crate) fn of(extensions: &Extensions) -> Result<&Self, Rejection> {
        extensions.get::<Self>().ok_or_else(|| {
            tracing::error!("neither FiefAuth::layer() nor a guard is around an extractor");
            Rejection::misconfigured()
        })
    }

    pub(crate) fn auth(&self) -> &FiefAuth {
        &self.inner.auth
    }

    /// Returns who sent the request.
    pub(crate) async fn credential(&self, head: Head<'_>) -> Result<&Credential, Rejection> {
        match self.authenticate(head).await {
            Ok(credential) => Ok(credential),
            Err(kind) => Err(self.reject(head, kind.clone(), &Requirements::new())),
        }
    }

    /// Returns who sent the request where they meet what is required.
    pub(crate) async fn require(
        &self,
        head: Head<'_>,
        required: &Requirements,
    ) -> Result<&Credential, Rejection> {
        self.meets(self.authenticate(head).await, required)
            .map_err(|kind| self.reject(head, kind, required))
    }

    /// Checks what is required of whoever was found.
    pub(crate) fn meets<'a>(
        &self,
        found: &'a Found,
        required: &Requirements,
    ) -> Result<&'a Credential, RejectionKind> {
        let credential = found.as_ref().map_err(Clone::clone)?;
        let fief = self.inner.auth.fief();
        fief.check_requirements(&credential.token, required)?;
        Ok(credential)
    }

    pub(crate) fn reject(
        &self,
        head: Head<'_>,
        kind: RejectionKind,
        required: &Requirements,
    ) -> Rejection {
        Rejection::new(&self.inner.auth, head, kind, required)
    }

    /// Turns a request away, whoever sent it.
    pub(crate) fn refuse(&self, head: Head<'_>, kind: RejectionKind) -> Rejection {
        self.inner.asked.store(true, Ordering::Relaxed);
        self.reject(head, kind, &Requirements::new())
    }

    /// Finds out who sent the request.
    async fn authenticate(&self, head: Head<'_>) -> &Found {
        match self.known(head) {
            Some(found) => found,
            // Boxed, since what may wait for Fief is large, and most requests do not.
            None => Box::pin(self.find(head)).await,
        }
    }

    /// Returns who sent the request where nothing has to be waited for: somebody asked before, or the token was seen
    /// before.
    pub(crate) fn known(&self, head: Head<'_>) -> Option<&Found> {
        if let Some(found) = self.inner.found.get() {
            return Some(found);
        }
        let Bearer::Token(token) = Bearer::read(head.headers) else {
            return None;
        };
        let seen = self.inner.auth.fief().cached_access_token(token)?;
        Some(self.found(Ok(Credential::of_token(seen))))
    }

    /// Finds out who sent a request of which nothing is known.
    pub(crate) async fn find(&self, head: Head<'_>) -> &Found {
        // Said before it is known, since the wait may be given up.
        self.inner.asked.store(true, Ordering::Relaxed);
        self.found(self.read(head).await)
    }

    fn found(&self, found: Found) -> &Found {
        self.inner.asked.store(true, Ordering::Relaxed);
        metrics::request(match &found {
            Ok(_) => "authenticated",
            Err(kind) => kind.code(),
        });
        self.inner.found.get_or_init(|| found)
    }

    /// Bearer goes first, and a bad one never falls back to the session.
    async fn read(&self, head: Head<'_>) -> Found {
        match Bearer::read(head.headers) {
            Bearer::Malformed => Err(RejectionKind::Malformed),
            Bearer::TooLong => Err(RejectionKind::Invalid),
            Bearer::Token(token) => self.read_bearer(token).await,
            // Boxed, so that its size is not moved around with every bearer token.
            Bearer::Absent => Box::pin(self.read_cookies(head)).await,
        }
    }

    /// A good token is one token, so only of a bad one is it asked whether it is.
    async fn read_bearer(&self, token: &[u8]) -> Found {
        let text = str::from_utf8(token).map_err(|_| RejectionKind::Malformed)?;
        match self.validate(text).await {
            Ok(token) => Ok(Credential::of_token(token)),
            Err(_) if !is_b64token(token) => Err(RejectionKind::Malformed),
            Err(kind) => Err(kind),
        }
    }

    /// What a browser sends by itself: the session, else a plain access token where that is set up.
    async fn read_cookies(&self, head: Head<'_>) -> Found {
        let auth = &self.inner.auth;
        let credential = if let Some(credential) = self.read_session(head).await? {
            credential
        } else {
            let name = auth.access_token_cookie();
            let value = name.and_then(|name| Jar::new(head.headers).get(name));
            let value = value.filter(|value| !value.is_empty());
            let token = self.validate(value.ok_or(RejectionKind::MissingCredentials)?);
            Credential::of_token(token.await?)
        };
        if !csrf::is_same_origin(auth.site().map(Site::origin), head) {
            return Err(RejectionKind::CrossSite);
        }
        Ok(credential)
    }

    async fn read_session(&self, head: Head<'_>) -> Result<Option<Credential>, RejectionKind> {
        let Some(site) = self.inner.auth.site() else {
            return Ok(None);
        };
        let current = session::current(&self.inner.auth, site, head).await?;
        let (token, session) = current.found.unzip();
        self.send(current.cookies, session.clone());
        Ok(token.map(|token| Credential { token, session }))
    }

    async fn validate(&self, token: &str) -> Result<FiefAccessTokenInfo, RejectionKind> {
        let valid = self
            .inner
            .auth
            .fief()
            .validate_access_token(token, &Requirements::new())
            .await;
        valid.map_err(RejectionKind::from)
    }

    /// Has the answer carry the cookies of a session, instead of those of before.
    pub(crate) fn send(&self, cookies: Vec<Cookie<'static>>, session: Option<Arc<Session>>) {
        self.inner.outgoing.send(cookies, session);
    }

    /// Writes what the request led to: cookies, and that the answer is one user's.
    pub(crate) fn finish(&self, headers: &mut HeaderMap) {
        if !self.inner.asked.load(Ordering::Relaxed) {
            return;
        }
        let cookies = self.inner.outgoing.take(self.inner.auth.site());
        caching::keep_private(headers, !cookies.is_empty());
        append_cookies(headers, &cookies);
    }
}
