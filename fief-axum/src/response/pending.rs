use std::{
    cell::Cell,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering, fence},
    },
};

use axum::http::{HeaderMap, HeaderValue, header};
use tower_cookies::Cookie;

use super::cache_control;
use crate::session::{Session, Sessions};

/// Headers to be added to the response of a request.
///
/// The layer or guard that created it applies it to the response. Guards and extractors inside, and handlers through
/// [`CurrentSession`](crate::CurrentSession), add to it while the request is handled.
#[derive(Default)]
pub(crate) struct PendingResponse {
    /// Whether the response depends on the credentials of the request.
    varies: AtomicBool,
    /// Whether there are cookies, so that the lock is not taken for most responses.
    has_cookies: AtomicBool,
    pending: Mutex<Cookies>,
}

#[derive(Default)]
struct Cookies {
    cookies: Vec<Cookie<'static>>,
    /// The session that they carry. `None` if they clear one.
    session: Option<(Arc<Sessions>, Arc<Session>)>,
}

thread_local! {
    /// A recycled instance that never had cookies, to avoid an allocation per request.
    static SPARE: Cell<Option<Arc<PendingResponse>>> = const { Cell::new(None) };
}

impl PendingResponse {
    pub(crate) fn new() -> Arc<Self> {
        let spare = SPARE.try_with(Cell::take);
        spare.ok().flatten().unwrap_or_default()
    }

    /// Marks the response as dependent on the credentials of the request.
    pub(crate) fn mark_varies(&self) {
        self.varies.store(true, Ordering::Relaxed);
    }

    /// Sets the session cookies of the response. If there are none, those that were set before are kept.
    pub(crate) fn set_session_cookies(
        &self,
        sessions: &Arc<Sessions>,
        cookies: Vec<Cookie<'static>>,
        session: Option<&Arc<Session>>,
    ) {
        if cookies.is_empty() {
            return;
        }
        let session = session.map(|session| (Arc::clone(sessions), Arc::clone(session)));
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        *pending = Cookies { cookies, session };
        self.has_cookies.store(true, Ordering::Release);
    }

    /// Adds the headers to a response: session cookies, `Vary` and `Cache-Control`.
    pub(crate) fn apply(self: Arc<Self>, headers: &mut HeaderMap) {
        if self.varies.load(Ordering::Relaxed) {
            let cookies = self.take();
            cache_control::keep_private(headers, !cookies.is_empty());
            append_cookies(headers, &cookies);
        }
        self.recycle();
    }

    /// Takes the cookies, unless the session was revoked or refreshed in the meantime: they would overwrite those that
    /// another response has set.
    fn take(&self) -> Vec<Cookie<'static>> {
        if !self.has_cookies.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let Cookies { cookies, session } = mem::take(&mut *pending);
        let is_void = session.is_some_and(|(sessions, session)| {
            sessions.revoked.contains(&session) || sessions.refreshes.are_cookies_outdated(&session)
        });
        if is_void { Vec::new() } else { cookies }
    }

    /// Keeps the instance for the next request on this thread, unless it is still shared.
    fn recycle(self: Arc<Self>) {
        // No other reference can appear. The fence makes writes of dropped references visible.
        let is_last = Arc::strong_count(&self) == 1;
        fence(Ordering::Acquire);
        if is_last && !self.has_cookies.load(Ordering::Relaxed) {
            self.varies.store(false, Ordering::Relaxed);
            // Fails only while the thread exits.
            let _ = SPARE.try_with(|spare| spare.set(Some(self)));
        }
    }
}

impl Drop for PendingResponse {
    /// Reports cookies that were never sent, since the client disconnected or the handler panicked.
    fn drop(&mut self) {
        let pending = self.pending.get_mut();
        let pending = pending.unwrap_or_else(PoisonError::into_inner);
        if !pending.cookies.is_empty() {
            tracing::warn!(
                "the cookies of a refreshed session were not sent: the client disconnected"
            );
        }
    }
}

/// Appends a `Set-Cookie` header for each cookie.
pub(crate) fn append_cookies(headers: &mut HeaderMap, cookies: &[Cookie<'static>]) {
    // Our names and values are ASCII, so none is left out.
    let values = cookies
        .iter()
        .filter_map(|cookie| HeaderValue::from_str(&cookie.to_string()).ok());
    values.for_each(|value| {
        headers.append(header::SET_COOKIE, value);
    });
}
