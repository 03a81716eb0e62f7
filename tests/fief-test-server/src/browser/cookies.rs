use url::Url;

/// Cookies by host and path ([RFC 6265](https://www.rfc-editor.org/rfc/rfc6265)).
///
/// All are sent to the host that set them only, and last until they are removed.
#[derive(Clone, Debug, Default)]
pub(super) struct Cookies(Vec<Cookie>);

#[derive(Clone, Debug)]
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
}

impl Cookies {
    /// Stores or removes the cookie of a `Set-Cookie` header.
    pub(super) fn store(&mut self, url: &Url, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let attribute = |wanted: &str| {
            let pairs = header
                .split(';')
                .skip(1)
                .filter_map(|it| it.split_once('='));
            let mut pairs = pairs.map(|(name, value)| (name.trim(), value.trim()));
            let found = pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value)
        };
        let path = attribute("path").filter(|path| path.starts_with('/'));
        let cookie = Cookie {
            host: url.host_str().unwrap_or_default().to_owned(),
            path: path.unwrap_or_else(|| default_path(url)).to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let is_removed = attribute("max-age").is_some_and(|age| age.starts_with(['0', '-']));
        self.0.retain(|known| {
            (&known.host, &known.path, &known.name) != (&cookie.host, &cookie.path, &cookie.name)
        });
        if !is_removed {
            self.0.push(cookie);
        }
    }

    /// Returns the `Cookie` header for a URL. It is empty if there are no cookies.
    pub(super) fn header(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        let cookies = self.0.iter();
        let sent = cookies.filter(|it| it.host == host && is_below(url.path(), &it.path));
        let pairs: Vec<String> = sent.map(|it| format!("{}={}", it.name, it.value)).collect();
        pairs.join("; ")
    }
}

/// Returns the folder of a URL.
fn default_path(url: &Url) -> &str {
    match url.path().rfind('/') {
        None | Some(0) => "/",
        Some(end) => url.path().get(..end).unwrap_or("/"),
    }
}

fn is_below(path: &str, parent: &str) -> bool {
    match path.strip_prefix(parent) {
        Some(rest) => rest.is_empty() || parent.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_sent_to_their_host_and_path() {
        let url: Url = "https://a.example/app/page"
            .parse()
            .ok()
            .unwrap_or_else(|| unreachable!());
        let mut cookies = Cookies::default();
        cookies.store(&url, "a=1; Path=/");
        cookies.store(&url, "b=2; Path=/app");
        cookies.store(&url, "c=3; Path=/other; HttpOnly");
        cookies.store(&url, "d=4");
        assert_eq!(cookies.header(&url), "a=1; b=2; d=4");
        cookies.store(&url, "a=; Max-Age=0; Path=/");
        cookies.store(&url, "b=5; Path=/app");
        assert_eq!(cookies.header(&url), "d=4; b=5");
        let elsewhere = url.join("https://b.example/app/page");
        assert!(elsewhere.is_ok_and(|url| cookies.header(&url).is_empty()));
    }
}
