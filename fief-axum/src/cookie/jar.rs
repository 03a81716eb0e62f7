use axum::http::{HeaderMap, header};
use memchr::{memchr, memchr_iter};

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
        self.pairs().filter_map(|pair| {
            let (name, value) = pair.split_at_checked(memchr(b'=', pair)?)?;
            Some((str::from_utf8(name).ok()?, value.strip_prefix(b"=")?))
        })
    }

    /// Returns the values of cookies by their names, each `None` if its name was
    /// sent more than once: another host may have injected one of them.
    ///
    /// Reads the headers once, which takes long if they have a large session.
    pub(crate) fn find<const N: usize>(self, names: [&str; N]) -> [Option<&'a str>; N] {
        let mut found = [Sent::Never; N];
        for pair in self.pairs() {
            let sent = found.iter_mut().zip(names);
            for (sent, value) in sent.filter_map(|(sent, name)| Some((sent, value_of(pair, name)?)))
            {
                *sent = match *sent {
                    Sent::Never => Sent::Once(value),
                    Sent::Once(_) | Sent::Repeatedly => Sent::Repeatedly,
                };
            }
        }
        found.map(|sent| match sent {
            Sent::Once(value) => str::from_utf8(value).ok(),
            Sent::Never | Sent::Repeatedly => None,
        })
    }

    /// Returns the value of a cookie, as [`find`](Self::find) does.
    pub(crate) fn get(self, name: &str) -> Option<&'a str> {
        let [value] = self.find([name]);
        value
    }

    /// Returns whether a cookie of this name was sent, once or more.
    pub(crate) fn has(self, name: &str) -> bool {
        self.pairs().any(|pair| value_of(pair, name).is_some())
    }

    /// Returns what is between the semicolons.
    fn pairs(self) -> impl Iterator<Item = &'a [u8]> {
        let headers = self.headers.get_all(header::COOKIE).iter();
        headers.flat_map(|header| {
            let header = header.as_bytes();
            let mut start = 0;
            let ends = memchr_iter(b';', header).chain([header.len()]);
            ends.filter_map(move |end| {
                let pair = header.get(start..end);
                start = end + 1;
                pair.map(<[u8]>::trim_ascii)
            })
        })
    }
}

/// How often a name was sent.
#[derive(Clone, Copy)]
enum Sent<'a> {
    Never,
    Once(&'a [u8]),
    Repeatedly,
}

/// Returns the value of a pair, if it has this name.
fn value_of<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

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

        assert_eq!(found, [Some("zero=0"), Some("one"), None, None, None, None]);
        assert_eq!((jar.get("aa"), jar.get("b")), (Some("x"), None));
        assert!(jar.has("b") && !jar.has("d"));
    }
}
