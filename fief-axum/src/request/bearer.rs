use axum::http::{HeaderMap, header};

/// What the `Authorization` header says
/// ([RFC 6750, section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Bearer<'a> {
    /// No header, or another scheme's.
    Absent,
    /// The scheme is bearer, but the rest is not one token; or the header is repeated.
    Malformed,
    /// What is to be validated.
    Token(&'a [u8]),
    /// More than any token has.
    TooLong,
}

impl<'a> Bearer<'a> {
    pub(crate) fn read(headers: &'a HeaderMap) -> Self {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Self::Absent;
        };
        // Seldom is any header repeated, and seldom is it this one.
        if headers.len() > headers.keys_len()
            && headers
                .get_all(header::AUTHORIZATION)
                .iter()
                .nth(1)
                .is_some()
        {
            return Self::Malformed;
        }
        let Some((scheme, rest)) = value.as_bytes().split_at_checked(SCHEME.len()) else {
            return Self::Absent;
        };
        if scheme != SCHEME && !scheme.eq_ignore_ascii_case(SCHEME) {
            return Self::Absent;
        }
        match rest {
            [b' ', rest @ ..] => Self::token(rest),
            // Another scheme whose name begins alike.
            [next, ..] if is_tchar(*next) => Self::Absent,
            _ => Self::Malformed,
        }
    }

    /// Whether it is one token is left to whoever finds that it is not a good one: a good one is.
    fn token(rest: &'a [u8]) -> Self {
        let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        let (_, token) = rest.split_at(spaces);
        match token {
            [] => Self::Malformed,
            _ if token.len() > MAX_LEN => Self::TooLong,
            _ => Self::Token(token),
        }
    }
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
pub(crate) fn is_b64token(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let (body, _) = token.split_at(token.len() - padding);
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    !body.is_empty() && body.iter().all(allowed)
}

/// A character of a scheme's name ([RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2)).
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// As clients write it; its case does not matter.
const SCHEME: &[u8] = b"Bearer";
/// Bytes. No client can be set to accept more, so what is longer is not even read.
const MAX_LEN: usize = 64 * 1024;
