use axum::http::HeaderMap;
use tower_cookies::Cookie;

use super::{config::CookieConfig, jar::Jar};
use crate::Error;

/// Puts the sealed session together from its chunks.
pub(crate) fn read(config: &CookieConfig, headers: &HeaderMap) -> Option<String> {
    let jar = Jar::new(headers);
    let (count, first) = jar.get(&chunk_name(config, 0))?.split_once('.')?;
    let count: usize = count
        .parse()
        .ok()
        .filter(|count| (1..=MAX_CHUNKS).contains(count))?;
    let mut sealed = first.to_owned();
    for index in 1..count {
        sealed.push_str(jar.get(&chunk_name(config, index))?);
    }
    Some(sealed)
}

/// Cuts the sealed session into cookies; the first says how many there are.
pub(crate) fn write(
    config: &CookieConfig,
    sealed: &str,
    max_age: u64,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let count = sealed.len().div_ceil(CHUNK_LEN);
    if sealed.len() > MAX_SEALED_LEN {
        return Err(Error::Configuration(
            "the session does not fit into 8 KB of cookies".into(),
        ));
    }
    let mut rest = sealed;
    let mut cookies = Vec::with_capacity(MAX_CHUNKS);
    for index in 0..count {
        // Base64url is ASCII, so every index is a boundary.
        let (chunk, tail) = rest.split_at_checked(CHUNK_LEN).unwrap_or((rest, ""));
        rest = tail;
        let value = if index == 0 {
            format!("{count}.{chunk}")
        } else {
            chunk.to_owned()
        };
        cookies.push(config.cookie(chunk_name(config, index), value, max_age));
    }
    cookies.extend(clear_from(config, headers, count));
    Ok(cookies)
}

/// Removes the session from the browser.
pub(crate) fn clear(config: &CookieConfig, headers: &HeaderMap) -> Vec<Cookie<'static>> {
    clear_from(config, headers, 0).collect()
}

fn clear_from(
    config: &CookieConfig,
    headers: &HeaderMap,
    first: usize,
) -> impl Iterator<Item = Cookie<'static>> {
    let jar = Jar::new(headers);
    (first..MAX_CHUNKS)
        .map(|index| chunk_name(config, index))
        .filter(move |name| jar.has(name))
        .map(|name| config.removal(name))
}

fn chunk_name(config: &CookieConfig, index: usize) -> String {
    let name = config.name("fief_session");
    if index == 0 {
        name
    } else {
        format!("{name}.{index}")
    }
}

// Bytes. A cookie has 4096 for its name, value and attributes.
const CHUNK_LEN: usize = 3900;
const MAX_SEALED_LEN: usize = 7900;
const MAX_CHUNKS: usize = 3;
