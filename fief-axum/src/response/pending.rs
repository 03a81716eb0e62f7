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

/// What the answer to a request is to tell the browser.
#[derive(Default)]
pub(crate) struct PendingResponse {
    /// Whether somebody asked who sent the request.
    varies: AtomicBool,
    /// Whether there are cookies, which is seldom.
    has_cookies: AtomicBool,
    pending: Mutex<Cookies>,
}

#[derive(Default)]
struct Cookies {
    cookies: Vec<Cookie<'static>>,
    /// The session that they carry, none where they clear one.
    session: Option<(Arc<Sessions>, Arc<Session>)>,
}

thread_local! {
    /// One that had no cookies and is not used any more: most requests get along with it, so that they need not
    /// allocate one.
    static SPARE: Cell<Option<Arc<PendingResponse>>> = const { Cell::new(None) };
}

impl PendingResponse {
    pub(crate) fn new() -> Arc<Self> {
        let spare = SPARE.try_with(Cell::take);
        spare.ok().flatten().unwrap_or_default()
    }

    /// Says that the answer depends on who sent the request.
    pub(crate) fn mark_varies(&self) {
        self.varies.store(true, Ordering::Relaxed);
    }

    /// Has the answer carry the cookies of a session, instead of those of before; where it has none, those stay.
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

    /// Writes what the request led to: cookies, and that the answer is one user's.
    pub(crate) fn apply(self: Arc<Self>, headers: &mut HeaderMap) {
        if self.varies.load(Ordering::Relaxed) {
            let cookies = self.take();
            cache_control::keep_private(headers, !cookies.is_empty());
            append_cookies(headers, &cookies);
        }
        self.recycle();
    }

    /// Takes the cookies to write. They are of no use any more when the session ended or was refreshed in the
    /// meantime: then they would undo what another answer wrote.
    fn take(&self) -> Vec<Cookie<'static>> {
        if !self.has_cookies.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let Cookies { cookies, session } = mem::take(&mut *pending);
        let is_void = session.is_some_and(|(sessions, session)| {
            sessions.revoked.contains(&session) || sessions.refreshes.has_superseded(&session)
        });
        if is_void { Vec::new() } else { cookies }
    }

    /// Leaves it to the next request, unless somebody still has it.
    fn recycle(self: Arc<Self>) {
        // The last to have it is the only one who can hand it on. The fence lets it see what the others did before.
        let is_last = Arc::strong_count(&self) == 1;
        fence(Ordering::Acquire);
        if is_last && !self.has_cookies.load(Ordering::Relaxed) {
            self.varies.store(false, Ordering::Relaxed);
            // A thread that ends needs none.
            let _ = SPARE.try_with(|spare| spare.set(Some(self)));
        }
    }
}

impl Drop for PendingResponse {
    /// Whoever waits for the answer is gone, or its handler panicked.
    fn drop(&mut self) {
        let pending = self.pending.get_mut();
        let pending = pending.unwrap_or_else(PoisonError::into_inner);
        if !pending.cookies.is_empty() {
            tracing::warn!("a session's new cookies could not be sent");
        }
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
