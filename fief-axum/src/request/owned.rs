use std::cmp::Reverse;

use axum::http::{HeaderMap, Method, Uri, header};

use super::head::RequestHead;

/// Method, URI and headers of a request, for the application's hooks.
#[derive(Clone, Default)]
pub(crate) struct OwnedHead {
    pub(crate) method: Method,
    /// Before nested routers stripped their prefix.
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

impl OwnedHead {
    pub(crate) fn of(head: RequestHead<'_>) -> Self {
        Self {
            method: head.method.clone(),
            uri: head.original_uri().clone(),
            headers: head.headers.clone(),
        }
    }

    /// Returns the languages of `Accept-Language` in order of preference
    /// ([RFC 9110, section 12.5.4](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4)).
    ///
    /// `*`, languages with the weight 0 and what is malformed are left out.
    pub(crate) fn languages(&self) -> Vec<&str> {
        languages(&self.headers)
    }
}

/// Returns the first of the languages that a user prefers and that is available, such as `fr` if `fr-CH` is preferred.
/// Returns `None` if no such language is available ([RFC 4647, section 3.4](https://www.rfc-editor.org/rfc/rfc4647#section-3.4)).
///
/// The user's languages are those of `Accept-Language` in the `headers` of a request, of a [`Rejection`](crate::Rejection)
/// or of a [`LoginPage`](crate::LoginPage). Case does not matter.
///
/// ```
/// use axum::http::HeaderMap;
/// use fief_axum::preferred_language;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("accept-language", "br, fr-CH;q=0.9, en;q=0.8".parse()?);
/// assert_eq!(preferred_language(&headers, &["en", "fr"]), Some("fr"));
/// # Ok::<(), axum::http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn preferred_language<'a>(headers: &HeaderMap, available: &[&'a str]) -> Option<&'a str> {
    let preferred = languages(headers).into_iter();
    let shortened = preferred.flat_map(|language| {
        std::iter::successors(Some(language), |longer| {
            longer.rsplit_once('-').map(|(it, _)| it)
        })
    });
    let mut shortened = shortened;
    shortened.find_map(|language| {
        let mut available = available.iter();
        available
            .find(|it| it.eq_ignore_ascii_case(language))
            .copied()
    })
}

fn languages(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut languages: Vec<_> = ranges.filter_map(language).take(MAX_LANGUAGES).collect();
    // Stable: languages of the same weight keep their order.
    languages.sort_by_key(|(weight, _)| Reverse(*weight));
    languages
        .into_iter()
        .map(|(_, language)| language)
        .collect()
}

/// Parses a language with its weight in thousandths.
fn language(range: &str) -> Option<(u16, &str)> {
    let (language, weight) = match range.split_once(';') {
        Some((language, weight)) => (language, self::weight(weight)?),
        None => (range, 1000),
    };
    let language = language.trim();
    let is_tag = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let is_valid = (1..=35).contains(&language.len()) && language.bytes().all(is_tag);
    (is_valid && weight > 0).then_some((weight, language))
}

/// Parses a weight in thousandths, such as `q=0.8`
/// ([RFC 9110, section 12.4.2](https://www.rfc-editor.org/rfc/rfc9110#section-12.4.2)).
pub(super) fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" => (thousandths == 0).then_some(1000),
        _ => None,
    }
}

/// How many languages are read at most.
const MAX_LANGUAGES: usize = 32;
