//! A browser for tests: cookies, redirects, forms and logins.

mod cookies;
mod page;

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderValue, Method, Request, StatusCode, header, request::Builder},
    response::Response,
};
use tower_service::Service as _;
use url::{Url, form_urlencoded};

use self::cookies::Cookies;
pub use self::page::Page;
use crate::{
    FiefTestServer, crypto::random_string, http::cookie::SESSION_COOKIE, serve::respond,
    shared::Shared,
};

/// Browser of a user in a test: it stores cookies, follows redirects, submits forms and logs in.
///
/// The application under test is an axum [`Router`] that is called directly, or listens at its URL.
/// The pages of Fief are those of the [`FiefTestServer`] that created the browser. They are called
/// directly as well: requests to them are not counted, and have no faults.
///
/// Requests have the headers of a browser that navigates, such as `Accept`, `Sec-Fetch-Mode` and
/// `Origin`. There is no script, and cookies last until they are removed, regardless of their `Max-Age`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use axum::{Router, http::StatusCode, response::Redirect, routing::get};
/// use fief_test_server::FiefTestServer;
///
/// let server = FiefTestServer::start().await;
/// let authorize = format!(
///     "{}/authorize?response_type=code&scope=openid&client_id={}\
///      &redirect_uri=https://app.example.com/callback",
///     server.url(),
///     server.client_id(),
/// );
/// // Instead of this, the application under test.
/// let app = Router::new()
///     .route("/", get(|| async { Redirect::to("/login") }))
///     .route("/login", get(|| async move { Redirect::to(&authorize) }))
///     .route("/callback", get(|| async { "logged in" }));
///
/// let mut browser = server.browser("https://app.example.com", app);
/// assert!(browser.open("/").await.is_login());
///
/// let page = browser.log_in("anne@example.com", "/").await;
/// assert_eq!(page.status, StatusCode::OK);
/// assert_eq!((page.path(), &*page.body), ("/callback", "logged in"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Browser {
    shared: Arc<Shared>,
    url: Url,
    app: App,
    cookies: Cookies,
    /// The URL of `/authorize` that was opened last.
    authorize: Option<Url>,
}

#[derive(Clone, Debug)]
enum App {
    Http(reqwest::Client),
    Router(Router),
}

/// Request that follows redirects.
struct Navigation {
    method: Method,
    url: Url,
    form: Option<String>,
    /// `Sec-Fetch-Site`
    site: &'static str,
}

impl FiefTestServer {
    /// Returns a browser for an application that is called directly. `url` is the one that its users
    /// know.
    ///
    /// # Panics
    ///
    /// Panics if the URL is invalid.
    #[must_use]
    pub fn browser(&self, url: &str, app: Router) -> Browser {
        Browser::new(self.shared.clone(), url, App::Router(app))
    }

    /// Returns a browser for an application that listens at `url`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use axum::{Router, routing::get};
    /// use fief_test_server::FiefTestServer;
    /// use tokio::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let url = format!("http://{}", listener.local_addr()?);
    /// let app = Router::new().route("/", get(|| async { "home" }));
    /// tokio::spawn(async { axum::serve(listener, app).await });
    ///
    /// let server = FiefTestServer::start().await;
    /// assert_eq!(server.browser_over_http(&url).open("/").await.body, "home");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the URL is invalid.
    #[must_use]
    pub fn browser_over_http(&self, url: &str) -> Browser {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tls_certs_only([])
            .build();
        match client {
            Ok(client) => Browser::new(self.shared.clone(), url, App::Http(client)),
            Err(error) => panic!("fief-test-server cannot create a client: {error}"),
        }
    }
}

impl Browser {
    fn new(shared: Arc<Shared>, url: &str, app: App) -> Self {
        match Url::parse(url) {
            Ok(url) => Self {
                shared,
                url,
                app,
                cookies: Cookies::default(),
                authorize: None,
            },
            Err(error) => panic!("{url:?} is not a URL: {error}"),
        }
    }

    /// Opens a page as if its URL was typed, and follows redirects. `page` is a URL, or a path of the
    /// application.
    ///
    /// A redirect to neither the application nor Fief is not followed: the page then has its URL,
    /// and the status of the redirect.
    ///
    /// # Panics
    ///
    /// Panics if the URL is invalid, no response arrives, or there are more than 20 redirects.
    pub async fn open(&mut self, page: &str) -> Page {
        let url = self.resolve(page);
        self.navigate(Navigation {
            method: Method::GET,
            url,
            form: None,
            site: "none",
        })
        .await
    }

    /// Submits a form of a page of the application with `POST`, and follows redirects.
    ///
    /// `action` is a URL, or a path of the application.
    ///
    /// # Panics
    ///
    /// Panics as [`open`](Self::open) does.
    pub async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> Page {
        let url = self.resolve(action);
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.navigate(Navigation {
            method: Method::POST,
            url,
            form: Some(form.finish()),
            site: "same-origin",
        })
        .await
    }

    /// Opens a page that leads to a login, such as a guarded one or the login route, logs a user in,
    /// and returns the page that is shown afterwards.
    ///
    /// The login is that of [`FiefTestServer::log_in`]: without a password, and with consent to
    /// everything. Afterwards the browser has a session with Fief, too. If the page does not lead to
    /// Fief's login page, for example since the browser is logged in, it is returned.
    ///
    /// # Panics
    ///
    /// Panics as [`open`](Self::open) and [`FiefTestServer::log_in`] do.
    pub async fn log_in(&mut self, email: &str, page: &str) -> Page {
        let page = self.open(page).await;
        let Some(authorize) = self.authorize.clone().filter(|_| page.is_login()) else {
            return page;
        };
        match self.shared.log_in(email, authorize.as_str()) {
            Ok((callback, session)) => {
                if let Some(session) = session {
                    let id = random_string();
                    let cookie = format!("{SESSION_COOKIE}={id}; Path=/");
                    self.cookies.store(&authorize, &cookie);
                    let expires = self.shared.clock.seconds().saturating_add(SESSION_LIFETIME);
                    self.shared.state().sessions.insert(id, session, expires);
                }
                // From the form of Fief's login page.
                let url = self.resolve(&callback);
                self.navigate(Navigation {
                    method: Method::GET,
                    url,
                    form: None,
                    site: "cross-site",
                })
                .await
            }
            Err(reason) => panic!("cannot log in {email}: {reason}"),
        }
    }

    /// Sends a request to the application, with the browser's cookies and without following
    /// redirects, as a script of its pages does.
    ///
    /// Headers that are not set are those of `fetch` on a page of the application.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::{Router, routing::post};
    /// # let app = Router::new().route("/castles", post(|| async {}));
    /// use axum::{body::Body, http::Request};
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// let mut browser = server.browser("https://app.example.com", app);
    /// let request = Request::post("/castles").body(Body::empty()).unwrap();
    /// let response = browser.fetch(request).await;
    /// assert_eq!(response.status(), 200);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the URL is invalid or no response arrives.
    pub async fn fetch(&mut self, mut request: Request<Body>) -> Response {
        let url = self.resolve(&request.uri().to_string());
        let origin = self.url.origin().ascii_serialization();
        for (name, value) in [
            ("accept", "*/*"),
            ("origin", &origin),
            ("sec-fetch-dest", "empty"),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-site", "same-origin"),
        ] {
            if let (false, Ok(value)) = (request.headers().contains_key(name), value.parse()) {
                request.headers_mut().insert(name, value);
            }
        }
        self.send(&url, request).await
    }

    /// Returns the browser's cookies for the application, as in the header `Cookie`.
    #[must_use]
    pub fn cookies(&self) -> String {
        self.cookies.header(&self.url)
    }

    /// Sets a cookie for the application, such as one of another program.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() {
    /// # use axum::Router;
    /// # let server = fief_test_server::FiefTestServer::start().await;
    /// let mut browser = server.browser("https://app.example.com", Router::new());
    /// browser.set_cookie("lang", "fr");
    /// assert_eq!(browser.cookies(), "lang=fr");
    /// # }
    /// ```
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies
            .store(&self.url, &format!("{name}={value}; Path=/"));
    }

    /// Removes all cookies.
    pub fn clear_cookies(&mut self) {
        self.cookies = Cookies::default();
    }

    fn resolve(&self, page: &str) -> Url {
        match self.url.join(page) {
            Ok(url) => url,
            Err(error) => panic!("{page:?} is not a URL: {error}"),
        }
    }

    async fn navigate(&mut self, mut next: Navigation) -> Page {
        for _ in 0..MAX_REDIRECTS {
            let response = self.send_navigation(&next).await;
            let location = response.headers().get(header::LOCATION);
            let location = location.and_then(|location| location.to_str().ok());
            let target = location.and_then(|location| next.url.join(location).ok());
            let Some(target) = target.filter(|_| response.status().is_redirection()) else {
                return self.page(next.url, response).await;
            };
            if !self.is_known(&target) {
                return self.page(target, response).await;
            }
            let status = response.status();
            let keeps_method = matches!(
                status,
                StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
            );
            if !keeps_method {
                next.method = Method::GET;
                next.form = None;
            }
            if next.site == "same-origin" && target.origin() != next.url.origin() {
                next.site = "cross-site";
            }
            next.url = target;
        }
        panic!(
            "more than {MAX_REDIRECTS} redirects, the last one to {}",
            next.url
        );
    }

    async fn send_navigation(&mut self, next: &Navigation) -> Response {
        let mut request = Request::builder()
            .method(next.method.clone())
            .header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-site", next.site)
            .header("sec-fetch-user", "?1");
        if next.form.is_some() {
            let origin = self.url.origin().ascii_serialization();
            request = request
                .header(header::ORIGIN, origin)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let body = Body::from(next.form.clone().unwrap_or_default());
        self.send(&next.url, with_body(request, body)).await
    }

    /// Sends a request with the cookies for its URL, and stores those of the response.
    async fn send(&mut self, url: &Url, mut request: Request<Body>) -> Response {
        if let Ok(cookies) = HeaderValue::try_from(self.cookies.header(url))
            && !cookies.is_empty()
        {
            request.headers_mut().insert(header::COOKIE, cookies);
        }
        if let Ok(host) = HeaderValue::try_from(authority(url)) {
            request.headers_mut().insert(header::HOST, host);
        }
        let is_fief = self.is_fief(url);
        if is_fief && url.path().ends_with("/authorize") {
            self.authorize = Some(url.clone());
        }
        let response = match &mut self.app {
            _ if is_fief => {
                set_uri(&mut request, url);
                respond(&self.shared, request).await
            }
            App::Router(router) => {
                set_uri(&mut request, url);
                match router.call(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            }
            App::Http(client) => send_over_http(client, url, request).await,
        };
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            self.cookies.store(url, cookie.to_str().unwrap_or_default());
        }
        response
    }

    fn is_fief(&self, url: &Url) -> bool {
        authority(url) == self.shared.authority
    }

    /// Returns `true` if a URL is one of the application or of Fief.
    fn is_known(&self, url: &Url) -> bool {
        url.origin() == self.url.origin() || self.is_fief(url)
    }

    async fn page(&self, url: Url, response: Response) -> Page {
        let is_login = self.is_fief(&url) && url.path().ends_with("/login");
        let (parts, body) = response.into_parts();
        let body = match to_bytes(body, usize::MAX).await {
            Ok(body) => body,
            Err(error) => panic!("{url}: {error}"),
        };
        Page {
            url,
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            is_login,
        }
    }
}

async fn send_over_http(client: &reqwest::Client, url: &Url, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let request = client.request(parts.method, url.clone());
    let response = match request.headers(parts.headers).body(body).send().await {
        Ok(response) => response,
        Err(error) => panic!("{url}: {error}"),
    };
    let mut copy = Response::new(Body::empty());
    *copy.status_mut() = response.status();
    *copy.headers_mut() = response.headers().clone();
    match response.bytes().await {
        Ok(body) => copy.map(|_| Body::from(body)),
        Err(error) => panic!("{url}: {error}"),
    }
}

fn with_body(request: Builder, body: Body) -> Request<Body> {
    // The headers are valid: those that vary are an origin and a method.
    request.body(body).unwrap_or_default()
}

/// Sets what a server gets as the target of a request.
fn set_uri(request: &mut Request<Body>, url: &Url) {
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    match target.parse() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(error) => panic!("{url}: {error}"),
    }
}

/// Returns host and port, as in the header `Host`.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

const MAX_REDIRECTS: usize = 20;

/// In seconds.
const SESSION_LIFETIME: u64 = 2_592_000;
