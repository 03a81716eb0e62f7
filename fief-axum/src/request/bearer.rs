use axum::http::{HeaderMap, header};

/// The `Authorization` header, as far as bearer tokens go
/// ([RFC 6750, section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Bearer<'a> {
    /// There is no header, or it has another scheme.
    Absent,
    /// The scheme is the expected one, but no single token follows, or the header is repeated.
    Malformed,
    /// A token that is to be validated.
    Token(&'a [u8]),
    /// The token is longer than any client accepts.
    TooLong,
}

impl<'a> Bearer<'a> {
    pub(crate) fn from_headers(headers: &'a HeaderMap) -> Self {
        Self::read(headers, |value| match value.strip_prefix(b"Bearer ") {
            // As most clients write it.
            Some(rest) => Self::token(rest),
            None => Self::parse(value, b"Bearer"),
        })
    }

    /// Reads a token with another scheme than `Bearer`.
    pub(crate) fn with_scheme(headers: &'a HeaderMap, expected: &[u8]) -> Self {
        Self::read(headers, |value| Self::parse(value, expected))
    }

    fn read(headers: &'a HeaderMap, parse: impl FnOnce(&'a [u8]) -> Self) -> Self {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Self::Absent;
        };
        // The first condition is cheap and almost always false.
        if headers.len() > headers.keys_len()
            && headers
                .get_all(header::AUTHORIZATION)
                .iter()
                .nth(1)
                .is_some()
        {
            return Self::Malformed;
        }
        parse(value.as_bytes())
    }

    /// Parses the value of a header. The case of the scheme does not matter.
    fn parse(value: &'a [u8], expected: &[u8]) -> Self {
        let Some((scheme, rest)) = value.split_at_checked(expected.len()) else {
            return Self::Absent;
        };
        if !scheme.eq_ignore_ascii_case(expected) {
            return Self::Absent;
        }
        match rest {
            [b' ', rest @ ..] => Self::token(rest),
            // Another scheme, which begins with the same letters.
            [next, ..] if is_tchar(*next) => Self::Absent,
            _ => Self::Malformed,
        }
    }

    /// Takes what follows the scheme. The syntax is not checked: see [`is_b64token`].
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

/// Returns whether a token has the syntax of RFC 6750, section 2.1:
/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
pub(crate) fn is_b64token(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let (body, _) = token.split_at(token.len() - padding);
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    !body.is_empty() && body.iter().all(allowed)
}

/// Returns whether a byte may be part of a scheme's name ([RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2)).
pub(crate) fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Bytes: the most that `FiefBuilder::access_token_limit` allows.
pub(super) const MAX_LEN: usize = 64 * 1024;
