use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::http::{HeaderMap, HeaderValue, header};
use tower_cookies::Cookie;

use crate::{session::Session, site::Site};

/// What the answer to a request is to tell the browser.
#[derive(Default)]
pub(crate) struct Outgoing {
    latest: Mutex<Cookies>,
    /// Whether there are any, which is seldom.
    is_any: AtomicBool,
}

#[derive(Default)]
struct Cookies {
    cookies: Vec<Cookie<'static>>,
    /// The session that they carry, none where they clear one.
    session: Option<Arc<Session>>,
}

impl Outgoing {
    /// Has the answer carry the cookies of a session, instead of those of before.
    pub(crate) fn send(&self, cookies: Vec<Cookie<'static>>, session: Option<Arc<Session>>) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = Cookies { cookies, session };
        self.is_any.store(true, Ordering::Release);
    }

    /// Takes the cookies to write. They are of no use any more when the session ended or was refreshed in the
    /// meantime: then they would undo what another answer wrote.
    pub(crate) fn take(&self, site: Option<&Site>) -> Vec<Cookie<'static>> {
        if !self.is_any.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let Cookies { cookies, session } = mem::take(&mut *latest);
        let is_void = match (site, &session) {
            (Some(site), Some(session)) if !cookies.is_empty() => {
                site.ended.has(session) || site.refreshes.has_superseded(session)
            }
            _ => false,
        };
        if is_void { Vec::new() } else { cookies }
    }
}

impl Drop for Outgoing {
    /// Whoever waits for the answer is gone, or its handler panicked.
    fn drop(&mut self) {
        let latest = self.latest.get_mut();
        let latest = latest.unwrap_or_else(PoisonError::into_inner);
        if !latest.cookies.is_empty() {
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
