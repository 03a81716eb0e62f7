//! Limits of all cookies of an application together.
//!
//! Proxies limit the headers of a request, nginx to 8 KB by default. So all our
//! cookies together are at most 7.5 KB, as a browser sends them: names, values,
//! and three bytes for each (`=` and `; `). Of these,
//!
//! - a session in cookies is at most 6.5 KB,
//! - the logins in progress are at most five and 4 KB, and with a large session
//!   fewer: the oldest are removed by the response that begins another one, or
//!   that writes a session,
//! - 336 bytes are left for the cookie that says when the session was last used
//!   and for the one that counts logins.
//!
//! So a login in progress has at least 688 bytes. Without a page to return to it
//! takes about 600, of which the URL of the callback is a third more than its
//! length.
//!
//! Proxies limit the headers of a response as well, nginx to 4 KB by default. A
//! login in progress is at most 3400 bytes with its attributes, and its response
//! removes at most 16 others, of about 120 bytes each. A response that writes a
//! session has at most 6.9 KB for it.

use serde::Deserialize;
use tower_cookies::Cookie;

use super::{config::CookieConfig, jar::Jar, seal::Purpose};

/// Login in progress that a browser has sent. The oldest is the smallest.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct SentAttempt<'a> {
    /// In milliseconds of Unix time. 0 if it cannot be opened.
    created_at: u64,
    name: &'a str,
    len: usize,
}

/// What is read of a login in progress.
#[derive(Deserialize)]
struct Age {
    created_at: u64,
}

/// Returns the cookies of logins in progress, at most as many as are examined.
pub(crate) fn attempts<'a>(
    config: &CookieConfig,
    jar: Jar<'a>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    all_attempts(config, jar).take(MAX_EXAMINED)
}

/// Returns the cookies that remove the oldest logins in progress, so that the
/// browser has no more than it may once it has the cookies that are `written`.
///
/// A login in progress that is written stays.
pub(crate) fn surplus_attempts(
    config: &CookieConfig,
    jar: Jar<'_>,
    written: &[Cookie<'static>],
) -> Vec<Cookie<'static>> {
    let prefix = config.attempt_prefix();
    let is_kept = |(name, _): &(&str, &str)| !written.iter().any(|cookie| cookie.name() == *name);
    let (mut count, mut len) = (0, 0);
    let begun = written
        .iter()
        .filter(|cookie| cookie.name().starts_with(&prefix) && !cookie.value().is_empty())
        .map(|cookie| (cookie.name(), cookie.value()));
    for attempt in begun.chain(all_attempts(config, jar).filter(is_kept)) {
        count += 1;
        len += sent_len(attempt);
    }
    let max_len = MAX_ATTEMPTS_LEN.min(room(config, jar, written));
    let mut sent: Vec<_> = attempts(config, jar)
        .filter(is_kept)
        .map(|attempt| SentAttempt::new(config, attempt))
        .collect();
    sent.sort_unstable();
    let surplus = sent.iter().take_while(|attempt| {
        let is_surplus = count > MAX_ATTEMPTS || len > max_len;
        count -= 1;
        len -= attempt.len;
        is_surplus
    });
    surplus
        .map(|attempt| config.removal(attempt.name.to_owned()))
        .collect()
}

/// Returns whether a login in progress fits into the browser's cookies, if it has
/// no other one.
pub(crate) fn fits(config: &CookieConfig, jar: Jar<'_>, attempt: &Cookie<'static>) -> bool {
    let len = sent_len((attempt.name(), attempt.value()));
    attempt.to_string().len() <= MAX_SET_COOKIE && len <= room(config, jar, &[])
}

/// Returns the length of a cookie as a browser sends it.
pub(super) fn sent_len((name, value): (&str, &str)) -> usize {
    name.len() + value.len() + "=; ".len()
}

impl<'a> SentAttempt<'a> {
    fn new(config: &CookieConfig, (name, sealed): (&'a str, &'a str)) -> Self {
        let age = config.keys.open(Purpose::Login, sealed);
        Self {
            created_at: age.map_or(0, |Age { created_at }| created_at),
            name,
            len: sent_len((name, sealed)),
        }
    }
}

fn all_attempts<'a>(
    config: &CookieConfig,
    jar: Jar<'a>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let prefix = config.attempt_prefix();
    jar.iter()
        .filter(move |(name, _)| name.starts_with(&prefix))
}

/// Returns how many bytes are left for logins in progress once the browser has
/// the cookies that are `written`.
fn room(config: &CookieConfig, jar: Jar<'_>, written: &[Cookie<'static>]) -> usize {
    let names = config.chunk_names();
    let is_written = |name: &str| written.iter().any(|cookie| cookie.name() == name);
    let new = written
        .iter()
        .filter(|cookie| !cookie.value().is_empty())
        .map(|cookie| (cookie.name(), cookie.value()));
    let session: usize = jar
        .iter()
        .filter(|(name, _)| !is_written(name))
        .chain(new)
        .filter(|(name, _)| names.contains(name))
        .map(sent_len)
        .sum();
    MAX_LEN.saturating_sub(SMALL_LEN + session)
}

/// All cookies, in bytes.
const MAX_LEN: usize = 7680;
/// The cookies of a session, in bytes.
pub(super) const MAX_SESSION_LEN: usize = 6656;
/// The cookie that says when the session was last used, and the one that counts
/// logins, in bytes.
const SMALL_LEN: usize = 336;
/// The cookies of logins in progress, in bytes.
const MAX_ATTEMPTS_LEN: usize = 4096;
/// How many logins in progress a browser may have.
pub(crate) const MAX_ATTEMPTS: usize = 5;
/// How many cookies of logins in progress a request opens or removes at most.
const MAX_EXAMINED: usize = 16;
/// The cookie of a login in progress with its attributes, in bytes.
const MAX_SET_COOKIE: usize = 3400;
