use std::{
    cell::Cell,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering, fence},
    },
};

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use fief_client::internal::unix_seconds;
use tower_cookies::Cookie;

use super::cache_control;
use crate::{
    log::limited,
    session::{Session, SessionCookies, Sessions},
    shared::Shared,
};

/// Headers to be added to the response of a request, collected while the request
/// is handled, and what it is authenticated by.
///
/// Guards and extractors add to it, and the outermost layer or guard applies it.
/// A login or a logout of the handler writes its cookies itself, and what is
/// collected here gives way to it.
pub(crate) struct PendingResponse {
    /// The `FiefAuth` that the request is authenticated by.
    auth: Arc<Shared>,
    /// Whether the response depends on the credentials of the request.
    varies: AtomicBool,
    /// Whether there are cookies, so that the lock is not taken for most responses.
    has_cookies: AtomicBool,
    pending: Mutex<Cookies>,
}

#[derive(Default)]
struct Cookies {
    written: SessionCookies,
    /// The session that they belong to, and since when, in seconds of Unix time.
    of: Option<(Arc<Sessions>, Arc<Session>, u64)>,
}

thread_local! {
    /// A recycled instance that never had cookies, to avoid an allocation per request.
    static SPARE: Cell<Option<Arc<PendingResponse>>> = const { Cell::new(None) };
}

impl PendingResponse {
    #[inline]
    pub(crate) fn new(auth: &Arc<Shared>) -> Arc<Self> {
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        let spare = spare.filter(|spare| Arc::ptr_eq(&spare.auth, auth));
        spare.unwrap_or_else(|| {
            Arc::new(Self {
                auth: Arc::clone(auth),
                varies: AtomicBool::new(false),
                has_cookies: AtomicBool::new(false),
                pending: Mutex::default(),
            })
        })
    }

    pub(crate) fn auth(&self) -> &Arc<Shared> {
        &self.auth
    }

    /// Marks the response as dependent on the credentials of the request.
    pub(crate) fn mark_varies(&self) {
        self.varies.store(true, Ordering::Relaxed);
    }

    /// Sets the cookies of a session. Those that were set before stay unless they are replaced.
    pub(crate) fn set_session_cookies(
        &self,
        sessions: &Arc<Sessions>,
        session: &Arc<Session>,
        cookies: SessionCookies,
    ) {
        if cookies.is_empty() {
            return;
        }
        let now = unix_seconds(sessions.fief.now());
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let SessionCookies {
            session: new,
            seen,
            counter,
        } = cookies;
        let written = &mut pending.written;
        if !new.is_empty() {
            written.session = new;
        }
        written.seen = seen.or_else(|| written.seen.take());
        written.counter = counter.or_else(|| written.counter.take());
        pending.of = Some((Arc::clone(sessions), Arc::clone(session), now));
        self.has_cookies.store(true, Ordering::Release);
    }

    /// Adds the headers to a response: session cookies, `Vary` and `Cache-Control`.
    pub(crate) fn apply(self: Arc<Self>, response: &mut Response) {
        if self.varies.load(Ordering::Relaxed) {
            let cookies = if self.has_cookies.load(Ordering::Acquire) {
                self.take(response.status(), response.headers())
            } else {
                Vec::new()
            };
            let headers = response.headers_mut();
            cache_control::keep_private(headers, !cookies.is_empty());
            if !cookies.is_empty() {
                append_cookies(headers, &cookies);
            }
            if let Some(sources) = &self.auth.sources {
                sources.correct(headers);
            }
        }
        self.recycle();
    }

    /// Takes the cookies that may still be written.
    fn take(&self, status: StatusCode, headers: &HeaderMap) -> Vec<Cookie<'static>> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let Cookies { written, of } = mem::take(&mut *pending);
        let Some((sessions, current, since)) = of else {
            return Vec::new();
        };
        let SessionCookies {
            session,
            seen,
            counter,
        } = written;
        let now = unix_seconds(sessions.fief.now());
        let is_late = now.saturating_sub(since) > MAX_DELAY;
        let state = WriteState {
            is_void: sets_cookie(headers, sessions.cookies.session_name())
                || sessions.revoked.contains(&current)
                || sessions.refreshes.are_cookies_outdated(&current),
            is_outlived: current.was_sent() && current.needs_refresh(sessions.config, now),
            is_late: is_late && !seen.as_ref().is_some_and(|seen| seen.is_needed),
        };
        let mut cookies = session;
        if state.may_write_session() {
            current.mark_sent();
        } else {
            cookies.clear();
        }
        if state.may_write_seen() {
            cookies.extend(seen.map(|seen| seen.cookie));
        }
        // A redirect may be the one of a loop.
        let is_accepted = status.is_success() || status == StatusCode::NOT_MODIFIED;
        let is_counted = sets_cookie(headers, sessions.cookies.counter_name());
        if is_accepted && !is_counted && !state.is_void && !is_late {
            cookies.extend(counter);
        }
        cookies
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

/// What is known of a session when a response with its cookies is sent.
///
/// Responses arrive in any order, so they must not replace what another
/// response, or the handler of this one, has set.
#[derive(Clone, Copy)]
pub(crate) struct WriteState {
    /// The handler has written or removed the session, it was revoked, or this
    /// process has refreshed it again.
    pub(crate) is_void: bool,
    /// Another response has written this refreshed session, which is to be
    /// refreshed again by now: another process may have done that.
    pub(crate) is_outlived: bool,
    /// The response took long, and when the session was last used can as well be
    /// written by another one.
    pub(crate) is_late: bool,
}

impl WriteState {
    /// Returns whether the response may write the session, which it has refreshed.
    pub(crate) fn may_write_session(self) -> bool {
        !self.is_void && !self.is_outlived
    }

    /// Returns whether the response may write when the session was last used.
    pub(crate) fn may_write_seen(self) -> bool {
        !self.is_void && !self.is_late
    }
}

impl Drop for PendingResponse {
    /// Reports cookies that were never sent, since the client disconnected or the handler panicked.
    fn drop(&mut self) {
        let pending = self.pending.get_mut();
        let pending = pending.unwrap_or_else(PoisonError::into_inner);
        if !pending.written.session.is_empty() {
            limited!(
                warn,
                process,
                "the cookies of a refreshed session were not sent: the client disconnected or the \
                 handler failed"
            );
        }
    }
}

/// Appends a `Set-Cookie` header for each cookie.
pub(crate) fn append_cookies(headers: &mut HeaderMap, cookies: &[Cookie<'static>]) {
    // Those of removed cookies are the browser's, which may not be ASCII. Any header may
    // contain them, since one did.
    let values = cookies
        .iter()
        .filter_map(|cookie| HeaderValue::try_from(cookie.to_string()).ok());
    values.for_each(|value| {
        headers.append(header::SET_COOKIE, value);
    });
}

/// Returns whether a response sets or removes the cookie of this name.
fn sets_cookie(headers: &HeaderMap, name: &str) -> bool {
    let mut cookies = headers.get_all(header::SET_COOKIE).iter();
    cookies.any(|cookie| {
        let rest = cookie.as_bytes().strip_prefix(name.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b"="))
    })
}

/// After this many seconds a response is late.
const MAX_DELAY: u64 = 10;
