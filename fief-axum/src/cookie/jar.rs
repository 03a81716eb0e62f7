use axum::http::{HeaderMap, header};

/// Cookies of a request, read from its `Cookie` headers.
///
/// A cookie jar that maps names to values would hide that a name was sent more
/// than once.
#[derive(Clone, Copy)]
pub(crate) struct Jar<'a> {
    headers: &'a HeaderMap,
}

impl<'a> Jar<'a> {
    pub(crate) fn new(headers: &'a HeaderMap) -> Self {
        Self { headers }
    }

    /// Returns all names and values in the order in which they were sent.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let headers = self.headers.get_all(header::COOKIE).iter();
        // Decode each pair separately: a foreign cookie that is not UTF-8 must
        // not hide ours.
        headers
            .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| str::from_utf8(pair.trim_ascii()).ok()?.split_once('='))
    }

    /// Returns the value of a cookie, or `None` if its name was sent more than
    /// once: another host may have injected one of them.
    pub(crate) fn get(self, name: &str) -> Option<&'a str> {
        let mut values = self
            .iter()
            .filter(|(sent, _)| *sent == name)
            .map(|(_, value)| value);
        values.next().filter(|_| values.next().is_none())
    }

    /// Returns whether a cookie of this name was sent, once or more.
    pub(crate) fn has(self, name: &str) -> bool {
        self.iter().any(|(sent, _)| sent == name)
    }
}
