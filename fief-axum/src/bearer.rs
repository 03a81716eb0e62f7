use axum::http::{HeaderMap, header};

/// What the `Authorization` header says
/// ([RFC 6750, section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Bearer<'a> {
    /// No header, or another scheme's.
    Absent,
    /// The scheme is bearer, but the rest is not one token; or the header is repeated.
    Malformed,
    /// Something that looks like a token.
    Token(&'a str),
}

impl<'a> Bearer<'a> {
    pub(crate) fn read(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            return Self::Absent;
        };
        if values.next().is_some() {
            return Self::Malformed;
        }
        let Some((scheme, rest)) = value.as_bytes().split_at_checked(SCHEME.len()) else {
            return Self::Absent;
        };
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Self::Absent;
        }
        match rest {
            [b' ', rest @ ..] => Self::token(rest),
            // Another scheme whose name begins alike, or a separator that is not a space.
            [next, ..] if next.is_ascii_alphanumeric() => Self::Absent,
            _ => Self::Malformed,
        }
    }

    fn token(rest: &'a [u8]) -> Self {
        let token = rest.trim_ascii_start();
        match str::from_utf8(token) {
            Ok(token) if is_b64token(token.as_bytes()) => Self::Token(token),
            _ => Self::Malformed,
        }
    }
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
fn is_b64token(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let (body, _) = token.split_at(token.len() - padding);
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    !body.is_empty() && body.iter().all(allowed)
}

const SCHEME: &[u8] = b"bearer";
