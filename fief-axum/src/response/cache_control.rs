use axum::http::{HeaderMap, HeaderValue, header};

/// Keeps shared caches from storing a response that depends on the credentials of its request
/// ([RFC 9111, section 5.2.2](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2)).
///
/// Appends `Vary: Cookie, Authorization`. `Cache-Control` becomes `no-store`, unless the application has set it: then its
/// directives for the browser's own cache are kept, and `public` and `s-maxage` become `private`.
pub(crate) fn keep_private(headers: &mut HeaderMap, sets_cookies: bool) {
    headers.append(header::VARY, credentials());
    // Most handlers set no `Cache-Control`, so append first and look for what was there afterwards.
    if headers.append(header::CACHE_CONTROL, no_store()) {
        replace(headers, sets_cookies);
    }
}

/// Replaces `Cache-Control` headers, of which the last one was appended, by one.
#[cold]
fn replace(headers: &mut HeaderMap, sets_cookies: bool) {
    let said = headers.get_all(header::CACHE_CONTROL).iter();
    let said: Vec<_> = said.map(HeaderValue::as_bytes).collect();
    let said = said
        .split_last()
        .map_or(Vec::new(), |(_, said)| said.join(&b", "[..]));
    let value = HeaderValue::try_from(said);
    let value = value.map_or_else(|_| no_store(), |said| restrict(said, sets_cookies));
    headers.insert(header::CACHE_CONTROL, value);
}

/// Returns the application's directives if they do not permit shared caches to store the response, else directives that
/// do not.
fn restrict(said: HeaderValue, sets_cookies: bool) -> HeaderValue {
    let text = String::from_utf8_lossy(said.as_bytes()).to_ascii_lowercase();
    if directives(&text).any(|directive| directive == "no-store" || directive == "private") {
        said
    } else if sets_cookies {
        no_store()
    } else {
        private(&text)
    }
}

/// Replaces the directives for shared caches by `private`.
fn private(said: &str) -> HeaderValue {
    let is_shared = |directive: &str| directive == "public" || directive.starts_with("s-maxage");
    let kept = directives(said).filter(|directive| !is_shared(directive));
    let value: Vec<_> = ["private"].into_iter().chain(kept).collect();
    HeaderValue::try_from(value.join(", ")).unwrap_or_else(|_| no_store())
}

fn directives(said: &str) -> impl Iterator<Item = &str> {
    said.split(',').map(str::trim)
}

fn credentials() -> HeaderValue {
    const { HeaderValue::from_static("Cookie, Authorization") }
}

fn no_store() -> HeaderValue {
    const { HeaderValue::from_static("no-store") }
}
