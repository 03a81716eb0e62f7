use url::Url;

/// Makes a page of this site out of what a request asks to come back to; none when it may lead elsewhere.
///
/// What is returned is the [URL standard](https://url.spec.whatwg.org)'s own spelling: path, query and fragment.
pub(crate) fn return_to(page: &str) -> Option<String> {
    let sound = page.len() <= MAX_LEN
        && page.starts_with('/')
        && !page.starts_with("//")
        && !page
            .chars()
            .any(|c| c == '\\' || c.is_control() || c.is_whitespace());
    if !sound {
        return None;
    }
    let site = Url::parse("https://site.invalid").ok()?;
    let url = site.join(page).ok()?;
    let page = &url[url::Position::BeforePath..];
    (url.origin() == site.origin() && !page.starts_with("//")).then(|| page.to_owned())
}

/// Bytes.
const MAX_LEN: usize = 2048;
