//! The cookies of a session, as a request has them.

use axum::http::HeaderMap;

use crate::cookie::{CookieConfig, Jar, MAX_CHUNKS, chunks};

/// Cookies of a request with a session, still sealed.
#[derive(Clone, Copy)]
pub(crate) struct SentCookies<'a> {
    /// The chunks of the session, empty after the last one.
    pub(super) chunks: [&'a [u8]; MAX_CHUNKS],
    /// The cookie that says when the session was last used.
    pub(super) seen: Option<&'a [u8]>,
    /// Whether the browser has a counter of logins without effect.
    pub(super) has_counter: bool,
}

impl<'a> SentCookies<'a> {
    /// Finds the cookies. Returns `None` if those of a session are not complete.
    pub(super) fn find(config: &CookieConfig, headers: &'a HeaderMap) -> Option<Self> {
        let [first, second, third] = config.chunk_names();
        let (seen, counter) = (config.seen_name(), config.counter_name());
        let names = [first, second, third, seen, counter];
        let [first, second, third, seen, counter] = Jar::new(headers).find(names);
        Some(Self {
            chunks: chunks::in_order([first, second, third])?,
            seen,
            has_counter: counter.is_some(),
        })
    }

    /// Joins the chunks of the session.
    pub(super) fn sealed(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    /// Returns whether the chunks are those of a sealed session.
    pub(super) fn are(&self, sealed: &[u8]) -> bool {
        let [first, second, third] = self.chunks;
        // Most sessions have one chunk.
        if second.is_empty() {
            return first == sealed;
        }
        let rest = sealed.strip_prefix(first);
        let rest = rest.and_then(|rest| rest.strip_prefix(second)?.strip_prefix(third));
        rest.is_some_and(<[u8]>::is_empty)
    }
}
