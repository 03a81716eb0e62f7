use axum::http::{HeaderMap, header};

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

    pub(crate) fn has(self, name: &str) -> bool {
        self.iter().any(|(sent, _)| sent == name)
    }
}
