//! Limits of all cookies of an application together.
//!
//! Proxies limit the headers of a request, nginx to 8 KB by default. So all our
//! cookies together are at most 7.5 KB, as a browser sends them: names, values,
//! and three bytes for each (`=` and `; `). Of these,
//!
//! - a session in cookies is at most 6.5 KB,
//! - the logins in progress are at most five and 4 KB, and with a large session
//!   fewer: the oldest are removed by the response that begins another one, or
//!   that writes a session. Tabs that begin logins at once do not see each other,
//!   so their cookies have five names, each with a limit of its own ([`slots`]):
//!   one replaces another rather than adding to it,
//! - 336 bytes are left for the cookie that says when the session was last used
//!   and for the one that counts logins.
//!
//! So a login in progress has at least 688 bytes. Without a page to return to it
//! takes about 400, with a URL of the callback of 40 bytes. If that is longer than
//! about 250, a session is at most that much smaller.
//!
//! Proxies limit the headers of a response as well, nginx to 4 KB by default. The
//! response that begins a login has at most 3750 bytes for its redirect, for the
//! login, and for the removal of others, which takes about 120 bytes each: if it
//! has more, the page to return to is left out. A response that writes a session
//! has at most 6.9 KB for it.

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
) -> impl Iterator<Item = (&'a str, &'a [u8])> {
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
    let is_kept = |(name, _): &(&str, &[u8])| !written.iter().any(|cookie| cookie.name() == *name);
    let (mut count, mut len) = (0, 0);
    let begun = written
        .iter()
        .filter(|cookie| cookie.name().starts_with(&prefix) && !cookie.value().is_empty())
        .map(named);
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

/// Returns whether the response that begins a login is short enough for proxies,
/// and its login fits into the browser's cookies beside the session.
pub(crate) fn fits(
    config: &CookieConfig,
    jar: Jar<'_>,
    cookies: &[Cookie<'static>],
    location: &str,
) -> bool {
    let headers = cookies
        .iter()
        .map(|cookie| cookie.to_string().len() + SET_COOKIE_LEN);
    let begun = cookies.iter().filter(|cookie| !cookie.value().is_empty());
    let sent = begun.map(|cookie| sent_len(named(cookie)));
    headers.sum::<usize>() + location.len() <= MAX_RESPONSE_LEN
        && sent.sum::<usize>() <= room(config, jar, &[])
}

/// Returns the name of the cookie for a login in progress, which a login of before
/// may have. `None` if it is too long.
///
/// Of the slots that it fits into, it is one of the smallest that is free: not
/// always the same, so that tabs that begin logins at once seldom choose the same
/// one. If none is free, it is that of the oldest login.
pub(crate) fn attempt_name(config: &CookieConfig, jar: Jar<'_>, sealed: &str) -> Option<String> {
    let slots = slots(room(config, jar, &[]));
    let names = slots.iter().enumerate().filter_map(|(slot, max_len)| {
        let name = config.attempt_name(slot);
        let fits = sent_len((&name, sealed.as_bytes())) <= *max_len;
        fits.then_some((*max_len, name))
    });
    let fitting: Vec<_> = names.collect();
    let free = fitting.iter().filter(|(_, name)| !jar.has(name));
    let smallest = free.clone().map(|(max_len, _)| *max_len).min();
    let free: Vec<_> = free
        .filter(|(max_len, _)| Some(*max_len) == smallest)
        .collect();
    // A part of it is random.
    let random: usize = sealed.bytes().map(usize::from).sum();
    if let Some((_, name)) = random
        .checked_rem(free.len())
        .and_then(|index| free.get(index))
    {
        return Some(name.clone());
    }
    let mut sent: Vec<_> = attempts(config, jar)
        .filter(|(name, _)| fitting.iter().any(|(_, fitting)| fitting == name))
        .map(|attempt| SentAttempt::new(config, attempt))
        .collect();
    sent.sort_unstable();
    sent.first().map(|oldest| oldest.name.to_owned())
}

/// Returns the limits of the cookies of logins in progress, in bytes as a browser
/// sends them. The first is for those that return to a long page.
///
/// The larger the session, the shorter is the first one and the fewer are the rest.
fn slots(room: usize) -> Vec<usize> {
    let mut others = OTHER_SLOTS.as_slice();
    let first = loop {
        let first = room.saturating_sub(others.iter().sum());
        match others {
            [] => break first,
            [next, ..] if first >= *next => break first,
            [_, rest @ ..] => others = rest,
        }
    };
    let mut slots = vec![first.min(MAX_FIRST_SLOT)];
    slots.extend(others);
    slots
}

/// Returns how long the cookies of a session may be, so that a login in progress
/// without a page fits beside them.
pub(super) fn max_session_len(config: &CookieConfig) -> usize {
    let plain = PLAIN_ATTEMPT_LEN + config.attempt_ids_len();
    // Base64 without padding.
    let sealed = (plain * 4).div_ceil(3);
    let name = config.attempt_prefix().len() + SLOT_LEN;
    let attempt = name + "=; ".len() + sealed;
    MAX_SESSION_LEN.min(MAX_LEN.saturating_sub(SMALL_LEN + attempt))
}

/// Returns the length of a cookie as a browser sends it.
pub(super) fn sent_len((name, value): (&str, &[u8])) -> usize {
    name.len() + value.len() + "=; ".len()
}

/// Returns the name and the value of a cookie.
pub(super) fn named<'a>(cookie: &'a Cookie<'_>) -> (&'a str, &'a [u8]) {
    (cookie.name(), cookie.value().as_bytes())
}

impl<'a> SentAttempt<'a> {
    fn new(config: &CookieConfig, (name, sealed): (&'a str, &'a [u8])) -> Self {
        let sealed_text = str::from_utf8(sealed).ok();
        let age = sealed_text.and_then(|sealed| config.keys.open(Purpose::Login, sealed));
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
) -> impl Iterator<Item = (&'a str, &'a [u8])> {
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
        .map(named);
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
const MAX_SESSION_LEN: usize = 6656;
/// The cookie that says when the session was last used, and the one that counts
/// logins, in bytes.
const SMALL_LEN: usize = 336;
/// The cookies of logins in progress, in bytes.
const MAX_ATTEMPTS_LEN: usize = 4096;
/// How many logins in progress a browser may have.
pub(crate) const MAX_ATTEMPTS: usize = 5;
/// What the first login in progress may take, in bytes: a page of 2048.
const MAX_FIRST_SLOT: usize = 3300;
/// What the rest may take: pages of about 500 bytes and of 100.
const OTHER_SLOTS: [usize; MAX_ATTEMPTS - 1] = [1100, 540, 540, 540];
/// How many cookies of logins in progress a request opens or removes at most.
const MAX_EXAMINED: usize = 16;
/// The redirect and the cookies of a response that begins or finishes a login, in
/// bytes.
pub(crate) const MAX_RESPONSE_LEN: usize = 3750;
/// What a header has in addition to the cookie.
pub(crate) const SET_COOKIE_LEN: usize = "set-cookie: \r\n".len();
/// A login in progress without a page, the client's id and the URL of the callback,
/// in bytes, with nonce and tag.
const PLAIN_ATTEMPT_LEN: usize = 210;
/// The number at the end of a name.
const SLOT_LEN: usize = 1;
