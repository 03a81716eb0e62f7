use std::sync::Arc;

use reqwest::{
    Client, Method, RequestBuilder, StatusCode,
    cookie::{CookieStore, Jar},
    header::{ACCEPT, ACCEPT_LANGUAGE, HeaderMap, HeaderValue, LOCATION, ORIGIN},
    redirect::Policy,
};
use url::Url;

const MAX_HOPS: usize = 20;

/// Browser of a user, which stores cookies, follows redirects and sends Fetch Metadata.
///
/// A clone is another tab: it has the same cookies.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    jar: Arc<Jar>,
    page: Option<Url>,
    callback: Option<String>,
}

/// Page that the browser shows after the last redirect.
#[derive(Debug)]
pub struct Page {
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    /// Every URL requested on the way, the page's own last.
    pub hops: Vec<Url>,
}

impl Browser {
    pub fn new() -> Self {
        Self::with_language("en")
    }

    /// Returns a browser whose user prefers a language.
    pub fn with_language(language: &'static str) -> Self {
        let jar = Arc::new(Jar::default());
        let language = (ACCEPT_LANGUAGE, HeaderValue::from_static(language));
        let client = Client::builder()
            .default_headers([language].into_iter().collect())
            .redirect(Policy::none())
            .cookie_provider(jar.clone())
            // Loading the platform's certificates takes long, and no test here uses TLS.
            .tls_certs_only([])
            .build()
            .unwrap();
        Self {
            client,
            jar,
            page: None,
            callback: None,
        }
    }

    /// Shows a redirect to this URL instead of following it, since no server listens there.
    #[must_use]
    pub fn stopping_at(self, callback: &str) -> Self {
        Self {
            callback: Some(callback.to_owned()),
            ..self
        }
    }

    /// Opens a URL, as if it was typed.
    pub async fn open(&mut self, url: &str) -> Page {
        self.page = None;
        self.navigate(Method::GET, url.parse().unwrap(), None).await
    }

    /// Follows a link of the page shown.
    pub async fn click(&mut self, link: &str) -> Page {
        let url = self.resolve(link);
        self.navigate(Method::GET, url, None).await
    }

    /// Posts a form of the page shown.
    pub async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> Page {
        let url = self.resolve(action);
        self.navigate(Method::POST, url, Some(fields)).await
    }

    /// Fills in Fief's login page, which must be the page shown.
    pub async fn log_in(&mut self, email: &str, password: &str) -> Page {
        let token = self.csrf_token();
        self.submit(
            "",
            &[
                ("email", email),
                ("password", password),
                ("csrf_token", &token),
            ],
        )
        .await
    }

    /// Fills in Fief's registration page, which must be the page shown.
    pub async fn sign_up(&mut self, email: &str, password: &str) -> Page {
        self.log_in(email, password).await
    }

    /// Fills in Fief's page for a verification code, which must be the page shown.
    pub async fn verify(&mut self, code: &str) -> Page {
        let token = self.csrf_token();
        self.submit("", &[("code", code), ("csrf_token", &token)])
            .await
    }

    /// Submits Fief's consent page, which must be the page shown.
    pub async fn consent(&mut self, allow: bool) -> Page {
        let token = self.csrf_token();
        let choice = if allow { "allow" } else { "deny" };
        self.submit("", &[(choice, choice), ("csrf_token", &token)])
            .await
    }

    /// Sends a request as a script of the page shown. Redirects are not followed.
    pub async fn fetch(&self, method: Method, link: &str) -> Page {
        let url = self.resolve(link);
        let request = self
            .client
            .request(method, url.clone())
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-dest", "empty")
            .header("sec-fetch-site", self.site(std::slice::from_ref(&url)))
            .header(ORIGIN, self.origin());
        let (page, _) = send(request, vec![url]).await;
        page
    }

    /// Returns the cookies that are sent to a URL, by name and value.
    pub fn cookies(&self, url: &str) -> Vec<(String, String)> {
        let header = self.jar.cookies(&url.parse().unwrap());
        let text = header.map_or(String::new(), |value| value.to_str().unwrap().to_owned());
        let pairs = text.split("; ").filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Stores a cookie, as a `Set-Cookie` from this URL would.
    pub fn set_cookie(&self, url: &str, cookie: &str) {
        self.jar.add_cookie_str(cookie, &url.parse().unwrap());
    }

    async fn navigate(
        &mut self,
        mut method: Method,
        url: Url,
        mut form: Option<&[(&str, &str)]>,
    ) -> Page {
        let mut hops = vec![url];
        while hops.len() <= MAX_HOPS {
            let request = self.navigation(&method, &hops, form);
            let (mut page, next) = send(request, hops.clone()).await;
            let Some(next) = next else {
                self.page = Some(page.url.clone());
                return page;
            };
            if self.stops_at(&next) {
                page.hops.push(next.clone());
                page.url = next;
                return page;
            }
            if page.status != StatusCode::TEMPORARY_REDIRECT {
                (method, form) = (Method::GET, None);
            }
            hops.push(next);
        }
        panic!("redirected too often: {hops:#?}");
    }

    fn stops_at(&self, url: &Url) -> bool {
        let callback = self.callback.as_deref();
        callback.is_some_and(|callback| url.as_str().starts_with(callback))
    }

    fn navigation(
        &self,
        method: &Method,
        hops: &[Url],
        form: Option<&[(&str, &str)]>,
    ) -> RequestBuilder {
        let mut request = self
            .client
            .request(method.clone(), hops.last().unwrap().clone())
            .header(ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-site", self.site(hops))
            .header("sec-fetch-user", "?1");
        if let Some(fields) = form {
            request = request.header(ORIGIN, self.origin()).form(fields);
        }
        request
    }

    /// Returns `Sec-Fetch-Site`: `none` for a typed URL, otherwise the least trusted of the redirects so far.
    fn site(&self, hops: &[Url]) -> &'static str {
        let Some(page) = &self.page else {
            return "none";
        };
        if hops.iter().all(|hop| hop.origin() == page.origin()) {
            "same-origin"
        } else if hops
            .iter()
            .all(|hop| hop.scheme() == page.scheme() && hop.host() == page.host())
        {
            "same-site"
        } else {
            "cross-site"
        }
    }

    fn origin(&self) -> String {
        let page = self.page.as_ref().expect("a page is shown");
        page.origin().ascii_serialization()
    }

    fn resolve(&self, link: &str) -> Url {
        match &self.page {
            Some(page) => page.join(link).unwrap(),
            None => link.parse().unwrap(),
        }
    }

    /// Returns the CSRF token. Fief compares a cookie with a form field, so the page does not have to be parsed.
    fn csrf_token(&self) -> String {
        let url = self.page.as_ref().expect("a page of Fief is shown");
        let name = "fief_csrftoken";
        let mut cookies = self.cookies(url.as_str()).into_iter();
        if let Some((_, value)) = cookies.find(|(known, _)| known == name) {
            return value;
        }
        self.set_cookie(url.as_str(), &format!("{name}=csrf"));
        "csrf".to_owned()
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Page {
    /// Returns `true` if a URL on the way had this path.
    pub fn passed_through(&self, path: &str) -> bool {
        self.hops.iter().any(|hop| hop.path() == path)
    }
}

async fn send(request: RequestBuilder, hops: Vec<Url>) -> (Page, Option<Url>) {
    let response = request.send().await.unwrap();
    let url = response.url().clone();
    let status = response.status();
    let headers = response.headers().clone();
    let location = headers.get(LOCATION).filter(|_| status.is_redirection());
    let next = location.map(|value| url.join(value.to_str().unwrap()).unwrap());
    let body = response.text().await.unwrap();
    let page = Page {
        url,
        status,
        headers,
        body,
        hops,
    };
    (page, next)
}
