//! The session cookie, split into several because browsers limit the size of
//! each.
//!
//! The first chunk begins with the number of chunks and a dot. The names of the
//! others end with `.1` and `.2`.

use axum::http::HeaderMap;
use tower_cookies::Cookie;

use super::{
    config::{CookieConfig, MAX_CHUNKS},
    jar::Jar,
    limits::{max_session_len, named, sent_len},
};
use crate::Error;

/// Returns the chunks of the sealed session, by the values of their cookies. Those
/// after the last one are empty.
///
/// Returns `None` if a chunk is missing or was sent more than once. Whether
/// they belong together shows when the session is opened.
pub(crate) fn in_order(values: [Option<&[u8]>; MAX_CHUNKS]) -> Option<[&[u8]; MAX_CHUNKS]> {
    let [first, second, third] = values;
    match first? {
        [b'1', b'.', first @ ..] => Some([first, b"", b""]),
        [b'2', b'.', first @ ..] => Some([first, second?, b""]),
        [b'3', b'.', first @ ..] => Some([first, second?, third?]),
        _ => None,
    }
}

/// Splits the sealed session into cookies, and removes surplus chunks of a
/// longer session from the browser.
///
/// # Errors
///
/// [`Error::Configuration`] if the session is too large for cookies.
pub(crate) fn write(
    config: &CookieConfig,
    sealed: &str,
    max_age: u64,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let count = sealed.len().div_ceil(CHUNK_LEN);
    let mut rest = sealed;
    let mut cookies = Vec::with_capacity(MAX_CHUNKS);
    for (index, name) in config.chunk_names().into_iter().take(count).enumerate() {
        // Base64url is ASCII, so every index is a character boundary.
        let (chunk, tail) = rest.split_at_checked(CHUNK_LEN).unwrap_or((rest, ""));
        rest = tail;
        let value = if index == 0 {
            format!("{count}.{chunk}")
        } else {
            chunk.to_owned()
        };
        cookies.push(config.cookie(name.to_owned(), value, max_age));
    }
    let sent = |cookie: &Cookie<'_>| sent_len(named(cookie));
    let max_len = max_session_len(config);
    if !rest.is_empty() || cookies.iter().map(sent).sum::<usize>() > max_len {
        return Err(Error::config(format!(
            "the session exceeds {max_len} bytes of cookies: use a session store, fewer permissions, or a \
             smaller value of `on_login`"
        )));
    }
    cookies.extend(clear_from(config, headers, count));
    Ok(cookies)
}

/// Removes all chunks that the browser sent.
pub(crate) fn clear(config: &CookieConfig, headers: &HeaderMap) -> Vec<Cookie<'static>> {
    clear_from(config, headers, 0).collect()
}

/// Removes the chunks from index `first` on that the browser sent.
fn clear_from(
    config: &CookieConfig,
    headers: &HeaderMap,
    first: usize,
) -> impl Iterator<Item = Cookie<'static>> {
    let jar = Jar::new(headers);
    let surplus = config.chunk_names().into_iter().skip(first);
    surplus
        .filter(move |name| jar.has(name))
        .map(|name| config.removal(name.to_owned()))
}

/// In bytes: browsers limit name, value and attributes to 4096.
const CHUNK_LEN: usize = 3900;
