use axum::http::{
    HeaderMap, HeaderValue,
    header::{self, Entry},
};

/// Keeps an answer that is one user's from all others
/// ([RFC 9111, section 5.2.2](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2)).
///
/// What the application says about caching holds, as far as it is about the user's own browser.
pub(crate) fn keep_private(headers: &mut HeaderMap, sets_cookies: bool) {
    headers.append(header::VARY, CREDENTIALS.clone());
    match headers.entry(header::CACHE_CONTROL) {
        Entry::Vacant(entry) => {
            entry.insert(NO_STORE.clone());
        }
        Entry::Occupied(mut entry) => {
            let said: Vec<_> = entry.iter().map(HeaderValue::as_bytes).collect();
            let said = String::from_utf8_lossy(&said.join(&b", "[..])).to_ascii_lowercase();
            let is_private = |directive| directive == "no-store" || directive == "private";
            if !directives(&said).any(is_private) {
                entry.insert(if sets_cookies {
                    NO_STORE.clone()
                } else {
                    private(&said)
                });
            }
        }
    }
}

/// The directives for browsers without those for shared caches.
fn private(said: &str) -> HeaderValue {
    let is_shared = |directive: &str| directive == "public" || directive.starts_with("s-maxage");
    let kept = directives(said).filter(|directive| !is_shared(directive));
    let value: Vec<_> = ["private"].into_iter().chain(kept).collect();
    HeaderValue::try_from(value.join(", ")).unwrap_or_else(|_| NO_STORE.clone())
}

fn directives(said: &str) -> impl Iterator<Item = &str> {
    said.split(',').map(str::trim)
}

static CREDENTIALS: HeaderValue = HeaderValue::from_static("Cookie, Authorization");
static NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
