use axum::http::{HeaderMap, header};
use time::Duration;
use tower_cookies::{Cookie, cookie::SameSite};

use crate::{Error, site::Site};

/// The cookies of a request, as it sent them.
#[derive(Clone, Copy)]
pub(crate) struct Jar<'a> {
    headers: &'a HeaderMap,
}

impl<'a> Jar<'a> {
    pub(crate) fn new(headers: &'a HeaderMap) -> Self {
        Self { headers }
    }

    /// All cookies, a repeated name as often as it was sent.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let headers = self.headers.get_all(header::COOKIE).iter();
        // Pair by pair, so that one of somebody else's in another encoding hides none of ours.
        headers
            .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| str::from_utf8(pair.trim_ascii()).ok()?.split_once('='))
    }

    /// The value of a name that was sent once. A repeated one may be another site's, so none is taken.
    pub(crate) fn get(self, name: &str) -> Option<&'a str> {
        let mut values = self
            .iter()
            .filter(|(sent, _)| *sent == name)
            .map(|(_, value)| value);
        values.next().filter(|_| values.next().is_none())
    }

    fn has(self, name: &str) -> bool {
        self.iter().any(|(sent, _)| sent == name)
    }
}

/// A cookie of ours.
pub(crate) fn named(site: &Site, name: String, value: String, max_age: u64) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .secure(site.secure)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(
            i64::try_from(max_age).unwrap_or(i64::MAX),
        ))
        .build()
}

/// Puts the sealed session together from its chunks.
pub(super) fn read(site: &Site, headers: &HeaderMap) -> Option<String> {
    let jar = Jar::new(headers);
    let (count, first) = jar.get(&chunk_name(site, 0))?.split_once('.')?;
    let count: usize = count
        .parse()
        .ok()
        .filter(|count| (1..=MAX_CHUNKS).contains(count))?;
    let mut sealed = first.to_owned();
    for index in 1..count {
        sealed.push_str(jar.get(&chunk_name(site, index))?);
    }
    Some(sealed)
}

/// Cuts the sealed session into cookies; the first says how many there are.
pub(super) fn write(
    site: &Site,
    sealed: &str,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let count = sealed.len().div_ceil(CHUNK);
    if sealed.len() > MAX_SEALED {
        return Err(Error::Configuration(
            "the session does not fit into 8 KB of cookies".into(),
        ));
    }
    let mut rest = sealed;
    let mut cookies = Vec::with_capacity(MAX_CHUNKS);
    for index in 0..count {
        // Base64url is ASCII, so every index is a boundary.
        let (chunk, behind) = rest.split_at_checked(CHUNK).unwrap_or((rest, ""));
        rest = behind;
        let value = if index == 0 {
            format!("{count}.{chunk}")
        } else {
            chunk.to_owned()
        };
        cookies.push(named(site, chunk_name(site, index), value, site.absolute));
    }
    cookies.extend(clear_from(site, headers, count));
    Ok(cookies)
}

/// Removes the session from the browser.
pub(crate) fn clear(site: &Site, headers: &HeaderMap) -> Vec<Cookie<'static>> {
    clear_from(site, headers, 0).collect()
}

fn clear_from(
    site: &Site,
    headers: &HeaderMap,
    first: usize,
) -> impl Iterator<Item = Cookie<'static>> {
    let jar = Jar::new(headers);
    (first..MAX_CHUNKS)
        .map(|index| chunk_name(site, index))
        .filter(move |name| jar.has(name))
        .map(|name| named(site, name, String::new(), 0))
}

fn chunk_name(site: &Site, index: usize) -> String {
    let name = site.cookie_name("fief_session");
    match index {
        0 => name,
        _ => format!("{name}.{index}"),
    }
}

// Bytes. A cookie has 4096 for its name, value and attributes.
const CHUNK: usize = 3900;
const MAX_SEALED: usize = 7900;
const MAX_CHUNKS: usize = 3;
