use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use fief_client::{FiefAccessTokenInfo, FiefError, Requirements};
use tower_cookies::Cookie;

use crate::{FiefAuth, Rejection, RejectionKind, bearer::Bearer, csrf, head::Head, session};

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
    cookies: Mutex<Vec<Cookie<'static>>>,
}

/// What a request authenticated with.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) token: FiefAccessTokenInfo,
}

impl RequestAuth {
    /// Puts a new one among the extensions, and returns it to be finished; none when there is one already.
    pub(crate) fn lend(auth: &FiefAuth, extensions: &mut Extensions) -> Option<Self> {
        if extensions.get::<Self>().is_some() {
            return None;
        }
        let new = Self {
            inner: Arc::new(Inner {
                auth: auth.clone(),
                found: OnceLock::new(),
                asked: AtomicBool::new(false),
                cookies: Mutex::new(Vec::new()),
            }),
        };
        extensions.insert(new.clone());
        Some(new)
    }

    /// Looks it up, where it is this `FiefAuth`'s.
    pub(crate) fn of(extensions: &Extensions, auth: Option<&FiefAuth>) -> Option<Self> {
        let Some(found) = extensions.get::<Self>() else {
            tracing::error!("FiefAuth::layer() is missing around an extractor");
            return None;
        };
        if auth.is_some_and(|auth| !auth.is(&found.inner.auth)) {
            tracing::error!("a guard is inside of another FiefAuth's layer");
            return None;
        }
        Some(found.clone())
    }

    pub(crate) fn auth(&self) -> &FiefAuth {
        &self.inner.auth
    }

    /// Finds out who sent the request and checks what is required.
    pub(crate) async fn check(
        &self,
        head: Head<'_>,
        requirements: &Requirements,
    ) -> Result<&Credential, Rejection> {
        let auth = &self.inner.auth;
        let reject = |kind| Rejection::new(auth, head, kind);
        let credential = self.authenticate(head).await.map_err(reject)?;
        auth.fief()
            .check_requirements(&credential.token, requirements)
            .map_err(|error| reject(error.into()))?;
        Ok(credential)
    }

    async fn authenticate(&self, head: Head<'_>) -> Result<&Credential, RejectionKind> {
        let found = if let Some(found) = self.inner.found.get() {
            found
        } else {
            self.inner.asked.store(true, Ordering::Relaxed);
            let found = self.read(head).await;
            self.inner.found.get_or_init(|| found)
        };
        found.as_ref().map_err(Clone::clone)
    }

    /// Bearer goes first, and a bad one never falls back to the session.
    async fn read(&self, head: Head<'_>) -> Result<Credential, RejectionKind> {
        match Bearer::read(head.headers) {
            Bearer::Malformed => Err(RejectionKind::Malformed),
            Bearer::Token(token) => Ok(Credential {
                token: self.validate(token).await?,
            }),
            Bearer::Absent => self.read_session(head).await,
        }
    }

    async fn read_session(&self, head: Head<'_>) -> Result<Credential, RejectionKind> {
        let Some(site) = self.inner.auth.site() else {
            return Err(RejectionKind::MissingCredentials);
        };
        let now = session::seconds(self.inner.auth.fief().now());
        let Some(mut session) = session::read(site, head.headers, now) else {
            return Err(RejectionKind::MissingCredentials);
        };
        let token = match self.validate(session.access_token()).await {
            Ok(token) => token,
            // The session is over with its token; nobody needs to know more.
            Err(kind) if kind.is_unauthenticated() => {
                return Err(RejectionKind::MissingCredentials);
            }
            Err(kind) => return Err(kind),
        };
        if !csrf::is_same_origin(site, head) {
            return Err(RejectionKind::CrossSite);
        }
        if session.touch(now) {
            match session::write(site, &session, head.headers) {
                Ok(cookies) => self.set_cookies(cookies),
                Err(error) => tracing::warn!(%error, "the session cannot be renewed"),
            }
        }
        Ok(Credential { token })
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

    pub(crate) fn set_cookies(&self, new: Vec<Cookie<'static>>) {
        let mut cookies = self
            .inner
            .cookies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        cookies.retain(|cookie| new.iter().all(|new| new.name() != cookie.name()));
        cookies.extend(new);
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
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        let cookies = self
            .inner
            .cookies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
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
