use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use fief_client::{FiefAccessTokenInfo, FiefError, Requirements};
use tower_cookies::Cookie;

use crate::{
    FiefAuth, Rejection, RejectionKind,
    bearer::{Bearer, is_b64token},
    csrf,
    head::Head,
    metrics,
    session::{self, Jar, Session},
    site::Site,
};

/// Who sent one request: read once, verified once, shared by layer, guards and extractors.
#[derive(Clone, Debug)]
pub(crate) struct RequestAuth {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    auth: FiefAuth,
    found: OnceLock<Result<Credential, RejectionKind>>,
    asked: AtomicBool,
    outgoing: Mutex<Outgoing>,
}

/// What the answer is to tell the browser.
#[derive(Debug, Default)]
struct Outgoing {
    cookies: Vec<Cookie<'static>>,
    /// The session that they carry, none where they clear one.
    session: Option<Arc<Session>>,
}

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
    /// Returns this request's, and once more to be finished where it is new.
    ///
    /// Another `FiefAuth`'s is refused: what it let in is not for this one to trust.
    pub(crate) fn lend(
        auth: &FiefAuth,
        extensions: &mut Extensions,
    ) -> Result<(Self, Option<Self>), RejectionKind> {
        if let Some(found) = extensions.get::<Self>() {
            if auth.is(&found.inner.auth) {
                return Ok((found.clone(), None));
            }
            tracing::error!("a layer or guard is inside of another FiefAuth's");
            return Err(RejectionKind::Misconfigured);
        }
        let new = Self {
            inner: Arc::new(Inner {
                auth: auth.clone(),
                found: OnceLock::new(),
                asked: AtomicBool::new(false),
                outgoing: Mutex::default(),
            }),
        };
        extensions.insert(new.clone());
        Ok((new.clone(), Some(new)))
    }

    /// Looks it up for an extractor.
    pub(crate) fn of(extensions: &Extensions) -> Result<Self, Rejection> {
        extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!("neither FiefAuth::layer() nor a guard is around an extractor");
            Rejection::misconfigured()
        })
    }

    pub(crate) fn auth(&self) -> &FiefAuth {
        &self.inner.auth
    }

    /// Whether it waits for a store, so that a look that is given up would be asked for twice.
    pub(crate) fn is_far(&self) -> bool {
        let site = self.inner.auth.site();
        site.is_some_and(|site| site.store.is_some()) && self.inner.found.get().is_none()
    }

    /// Finds out who sent the request and checks what is required.
    pub(crate) async fn check(
        &self,
        head: Head<'_>,
        required: &Requirements,
    ) -> Result<&Credential, RejectionKind> {
        let credential = self.authenticate(head).await?;
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

    async fn authenticate(&self, head: Head<'_>) -> Result<&Credential, RejectionKind> {
        let found = if let Some(found) = self.inner.found.get() {
            found
        } else {
            self.inner.asked.store(true, Ordering::Relaxed);
            let found = self.read(head).await;
            metrics::request(
                found
                    .as_ref()
                    .map_or_else(RejectionKind::code, |_| "authenticated"),
            );
            self.inner.found.get_or_init(|| found)
        };
        found.as_ref().map_err(Clone::clone)
    }

    /// Bearer goes first, and a bad one never falls back to the session.
    async fn read(&self, head: Head<'_>) -> Result<Credential, RejectionKind> {
        match Bearer::read(head.headers) {
            Bearer::Malformed => Err(RejectionKind::Malformed),
            Bearer::TooLong => Err(RejectionKind::Invalid),
            Bearer::Token(token) => match self.validate(token).await {
                Ok(token) => Ok(Credential::of_token(token)),
                Err(_) if !is_b64token(token) => Err(RejectionKind::Malformed),
                Err(kind) => Err(kind),
            },
            // Boxed, so that its size is not moved around with every bearer token.
            Bearer::Absent => Box::pin(self.read_cookies(head)).await,
        }
    }

    /// What a browser sends by itself: the session, else a plain access token where that is set up.
    async fn read_cookies(&self, head: Head<'_>) -> Result<Credential, RejectionKind> {
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
        valid.map_err(|error: FiefError| {
            tracing::debug!(%error, "access token rejected");
            error.into()
        })
    }

    /// Has the answer carry the cookies of a session, instead of those of before.
    pub(crate) fn send(&self, cookies: Vec<Cookie<'static>>, session: Option<Arc<Session>>) {
        *self.outgoing() = Outgoing { cookies, session };
    }

    /// The cookies to write. They are of no use any more when the session ended or was refreshed in the meantime:
    /// then they would undo what another answer wrote.
    fn take_cookies(&self) -> Vec<Cookie<'static>> {
        let outgoing = mem::take(&mut *self.outgoing());
        let is_void = match (self.inner.auth.site(), &outgoing.session) {
            (Some(site), Some(session)) if !outgoing.cookies.is_empty() => {
                site.ended.has(session) || site.refreshes.has_superseded(session)
            }
            _ => false,
        };
        if is_void {
            Vec::new()
        } else {
            outgoing.cookies
        }
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        let outgoing = &self.inner.outgoing;
        outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what the request led to: cookies, and that the answer is one user's.
    pub(crate) fn finish(&self, headers: &mut HeaderMap) {
        if !self.inner.asked.load(Ordering::Relaxed) {
            return;
        }
        headers.append(
            header::VARY,
            HeaderValue::from_static("Cookie, Authorization"),
        );
        let cookies = self.take_cookies();
        // What the application says about caching holds, unless others could then get this user's cookies.
        let is_private = |value: &HeaderValue| {
            let value = value.to_str().unwrap_or_default();
            value.contains("no-store") || value.contains("private")
        };
        match headers.get(header::CACHE_CONTROL) {
            Some(value) if cookies.is_empty() || is_private(value) => {}
            _ => {
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
        }
        append_cookies(headers, &cookies);
    }
}

/// Appends a `Set-Cookie` header for each.
pub(crate) fn append_cookies(headers: &mut HeaderMap, cookies: &[Cookie<'static>]) {
    // What we write is ASCII.
    let values = cookies
        .iter()
        .filter_map(|cookie| HeaderValue::from_str(&cookie.to_string()).ok());
    values.for_each(|value| {
        headers.append(header::SET_COOKIE, value);
    });
}

impl Drop for Inner {
    /// Whoever waits for the answer is gone, or its handler panicked.
    fn drop(&mut self) {
        let outgoing = self.outgoing.get_mut();
        let outgoing = outgoing.unwrap_or_else(PoisonError::into_inner);
        if !outgoing.cookies.is_empty() {
            tracing::warn!("a session's new cookies could not be sent");
        }
    }
}
