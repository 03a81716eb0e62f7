use url::Url;

/// Parses a `return_to` parameter: a path of this site with its query and fragment.
///
/// Returns `None` if a browser might resolve it to another site. Backslashes and spaces after the question mark are
/// percent-encoded, as those of a search for a regular expression. The result is normalized as the
/// [URL standard](https://url.spec.whatwg.org) writes it.
pub(crate) fn return_to(page: &str) -> Option<String> {
    let (path, query) = page.split_at(page.find('?').unwrap_or(page.len()));
    let sound = page.len() <= MAX_LEN
        && path.starts_with('/')
        && !path.starts_with("//")
        && !path.chars().any(|c| c == '\\' || c.is_whitespace())
        && !page.chars().any(char::is_control);
    if !sound {
        return None;
    }
    // They are harmless after the path, and browsers do not encode backslashes. The parser
    // encodes other white space.
    let page = &format!("{path}{}", query.replace('\\', "%5C").replace(' ', "%20"));
    let site = Url::parse("https://site.invalid").ok()?;
    let url = site.join(page).ok()?;
    let page = &url[url::Position::BeforePath..];
    (url.origin() == site.origin() && !page.starts_with("//")).then(|| page.to_owned())
}

/// Parses a `return_to` parameter that is a URL of one of these origins, which are as browsers send them.
pub(crate) fn url_of_origin(origins: &[String], url: &str) -> Option<String> {
    origins.iter().find_map(|origin| {
        let page = url.strip_prefix(origin)?;
        // What follows begins with a slash, so it is neither a port nor the rest of another host.
        let page = return_to(if page.is_empty() { "/" } else { page })?;
        Some(format!("{origin}{page}"))
    })
}

/// Bytes.
const MAX_LEN: usize = 2048;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::return_to;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        /// RT-1, RT-7
        #[test]
        fn what_is_accepted_stays_on_the_site(page in "(/|\\\\|\\.|%2e|%2f|%5c|\t|\n|\u{0}| |:|@|\\?|#|[a-z]|https:|evil|\u{3002}|\\PC){0,12}") {
            if let Some(accepted) = return_to(&page) {
                let site = Url::parse("https://app.example.com/some/page");
                let resolved = site.and_then(|site| site.join(&accepted));
                let origin = resolved.map(|url| url.origin().ascii_serialization());
                prop_assert_eq!(origin, Ok("https://app.example.com".to_owned()));
                prop_assert!(accepted.starts_with('/') && !accepted.starts_with("//"));
                prop_assert!(accepted.bytes().all(|byte| byte.is_ascii_graphic()));
                // Parsing is idempotent.
                prop_assert_eq!(return_to(&accepted), Some(accepted));
            }
        }

        #[test]
        fn plain_pages_are_accepted(page in "/([a-z0-9-]{1,8}/){0,3}[a-z0-9]{0,8}(\\?[a-z]{1,5}=[a-z0-9]{0,5}(&[a-z]{1,5}=[a-z0-9]{0,5}){0,2})?") {
            prop_assert_eq!(return_to(&page), Some(page));
        }
    }
}
