use axum::http::{HeaderMap, HeaderValue, header};
use memchr::memchr;

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

    /// Returns all names and values in the order in which they were sent. A value
    /// may be of any bytes: such a cookie has to be removed as well.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let pairs = self.pairs();
        pairs.filter_map(|(name, value)| Some((str::from_utf8(name).ok()?, value)))
    }

    /// Returns the values of cookies by their names, each `None` if its name was
    /// sent more than once: another host may have injected one of them.
    ///
    /// Reads the headers once, which takes long if they have a large session.
    pub(crate) fn find<const N: usize>(self, names: [&str; N]) -> [Option<&'a [u8]>; N] {
        let mut found = [Sent::Never; N];
        // HTTP/2 may split the header. Most requests have one, which is found faster alone.
        if self.headers.len() > self.headers.keys_len() {
            for header in self.headers.get_all(header::COOKIE) {
                find_in(header, names, &mut found);
            }
        } else if let Some(header) = self.headers.get(header::COOKIE) {
            find_in(header, names, &mut found);
        }
        found.map(|sent| match sent {
            Sent::Once(value) => Some(value),
            Sent::Never | Sent::Repeatedly => None,
        })
    }

    /// Returns the value of a cookie, as [`find`](Self::find) does, if it is text.
    pub(crate) fn get(self, name: &str) -> Option<&'a str> {
        let [value] = self.find([name]);
        str::from_utf8(value?).ok()
    }

    /// Returns whether a cookie of this name was sent, once or more.
    pub(crate) fn has(self, name: &str) -> bool {
        self.pairs().any(|(sent, _)| sent == name.as_bytes())
    }

    /// Returns the names and values that are between the semicolons.
    fn pairs(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let headers = self.headers.get_all(header::COOKIE).iter();
        headers.flat_map(|header| Pairs(header.as_bytes()))
    }
}

/// Finds values by their names in one header.
fn find_in<'a, const N: usize>(
    header: &'a HeaderValue,
    names: [&str; N],
    found: &mut [Sent<'a>; N],
) {
    for (name, value) in Pairs(header.as_bytes()) {
        for (sent, wanted) in found.iter_mut().zip(names) {
            if name == wanted.as_bytes() {
                *sent = match *sent {
                    Sent::Never => Sent::Once(value),
                    Sent::Once(_) | Sent::Repeatedly => Sent::Repeatedly,
                };
            }
        }
    }
}

/// The names and values in the rest of a header.
struct Pairs<'a>(&'a [u8]);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            let end = memchr(b';', self.0).unwrap_or(self.0.len());
            let (pair, rest) = self.0.split_at_checked(end)?;
            self.0 = rest.get(1..).unwrap_or_default();
            let pair = pair.trim_ascii();
            if let Some(end) = memchr(b'=', pair)
                && let Some((name, [_, value @ ..])) = pair.split_at_checked(end)
            {
                return Some((name, value));
            }
        }
        None
    }
}

/// How often a name was sent.
#[derive(Clone, Copy)]
enum Sent<'a> {
    Never,
    Once(&'a [u8]),
    Repeatedly,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_by_their_whole_names_unless_they_are_repeated() {
        let mut headers = HeaderMap::new();
        for cookies in [
            b"a.1=one; b=first;a=zero=0 ; aa=x; foreign=\xff".as_slice(),
            b"",
            b";c=\xff; d; d =x; b=second",
        ] {
            let value = HeaderValue::from_bytes(cookies).unwrap_or(HeaderValue::from_static(""));
            headers.append(header::COOKIE, value);
        }
        let jar = Jar::new(&headers);

        let found = jar.find(["a", "a.1", "b", "c", "d", ""]);

        let (zero, one) = (b"zero=0".as_slice(), b"one".as_slice());
        assert_eq!(found[..3], [Some(zero), Some(one), None]);
        assert_eq!(found[3..], [Some(b"\xff".as_slice()), None, None]);
        assert_eq!(jar.get("c"), None);
        assert_eq!((jar.get("aa"), jar.get("b")), (Some("x"), None));
        assert!(jar.has("b") && !jar.has("d"));
    }
}
