use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::{self, Next},
    response::{Html, Response},
    routing::{MethodRouter, get},
};
use fief_axum::{CurrentUser, FiefAuth, FiefAuthBuilder, SessionKey};
use fief_client::FiefAcr;
use fief_test_server::FiefTestServer;
use fief_tests::Chromium;
use tokio::net::TcpListener;

use super::ANNE;
use crate::web;

/// An application in this process, whose clock is that of its Fief.
pub(super) struct Place {
    pub(super) url: String,
    pub(super) server: FiefTestServer,
    requests: Arc<Mutex<Vec<Seen>>>,
}

/// A request that has arrived.
#[derive(Clone, Debug)]
struct Seen {
    path: String,
    headers: HeaderMap,
}

impl Place {
    /// Starts it. `home` is its public page.
    pub(super) async fn start(home: &str) -> Self {
        Self::start_with(home, |builder| builder).await
    }

    /// Starts it with other settings.
    pub(super) async fn start_with(
        home: &str,
        settings: impl FnOnce(FiefAuthBuilder) -> FiefAuthBuilder,
    ) -> Self {
        let server = FiefTestServer::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = SessionKey::generate().unwrap();
        let builder = FiefAuth::builder(web::fief(&server)).login(url.as_str(), key);
        let auth = settings(builder).build().unwrap();
        let requests = Arc::<Mutex<Vec<Seen>>>::default();
        let app = app(&auth, server.url(), home)
            .layer(middleware::from_fn_with_state(requests.clone(), record));
        tokio::spawn(async { axum::serve(listener, app).await });
        Self {
            url,
            server,
            requests,
        }
    }

    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Logs in, and shows the castles.
    pub(super) async fn log_in(&self, chromium: &Chromium) {
        chromium.open(&self.at("/castles")).await;
        chromium.wait_for_page(self.server.url(), "").await;
        chromium.log_in(ANNE.0, ANNE.1).await;
        self.assert_logged_in(chromium).await;
    }

    /// Asserts that the castles are shown without a login.
    pub(super) async fn assert_logged_in(&self, chromium: &Chromium) {
        chromium.open(&self.at("/castles")).await;
        chromium
            .wait_for_page(&self.at("/castles"), "The castles of anne")
            .await;
    }

    /// Forgets what has arrived.
    pub(super) fn forget_requests(&self) {
        self.requests.lock().unwrap().clear();
    }

    /// Waits until these paths were requested with a header that has this value.
    pub(super) async fn wait_for(&self, paths: &[&str], name: &str, value: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let is_there = |path: &&str| {
            let requests = self.requests.lock().unwrap();
            requests.iter().any(|it| {
                let found = it.headers.get(name).and_then(|it| it.to_str().ok());
                it.path == **path && found.is_some_and(|found| found.starts_with(value))
            })
        };
        while !paths.iter().all(is_there) {
            assert!(
                Instant::now() < deadline,
                "{:#?}",
                self.requests.lock().unwrap()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Starts another site with a page, at this host of the loopback interface. Returns its URL.
pub(super) async fn other_site(host: &str, page: String) -> String {
    let app = Router::new().route("/", get(|| async { Html(page) }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{host}:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async { axum::serve(listener, app).await });
    url
}

fn app(auth: &FiefAuth, fief: &str, home: &str) -> Router {
    let home = home.to_owned();
    let recent = auth.require().max_age(Duration::from_secs(60));
    let keeper = auth.require().permission("castles:keep");
    let level = auth.require().acr(FiefAcr::LevelOne);
    Router::new()
        .route("/castles", get(castles).post(saved))
        .route_layer(auth.require())
        .merge(Router::new().route("/keep", get(form)).route_layer(keeper))
        .merge(
            Router::new()
                .route("/vault", get(form).post(saved))
                .route_layer(recent),
        )
        .merge(
            Router::new()
                .route("/tower", get(form).post(saved))
                .route_layer(level),
        )
        .route("/", get(move |user| welcome(home, user)))
        .route("/strict", logout_form("form-action 'self'".into()))
        .route("/open", logout_form(format!("form-action 'self' {fief}")))
        .merge(auth.routes())
        .layer(auth.layer())
}

async fn welcome(home: String, user: Option<CurrentUser>) -> Html<String> {
    let user = user.and_then(|CurrentUser(user)| user.email.clone());
    Html(format!(
        "Hello {} {home}",
        user.as_deref().unwrap_or("stranger")
    ))
}

async fn castles(CurrentUser(user): CurrentUser) -> Html<String> {
    let email = user.email.as_deref().unwrap_or_default();
    Html(format!("The castles of {email}{FORM}<a href=/>Home</a>"))
}

async fn form() -> Html<&'static str> {
    Html(FORM)
}

async fn saved() -> Html<&'static str> {
    Html("Saved")
}

/// A page with a form that logs out, and with a `Content-Security-Policy`.
fn logout_form(policy: String) -> MethodRouter {
    let page = "<form method=post action=/logout><button>Log out</button></form>";
    get(move || async move { ([(header::CONTENT_SECURITY_POLICY, policy)], Html(page)) })
}

async fn record(
    State(requests): State<Arc<Mutex<Vec<Seen>>>>,
    request: Request,
    next: Next,
) -> Response {
    let seen = Seen {
        path: request.uri().path().to_owned(),
        headers: request.headers().clone(),
    };
    requests.lock().unwrap().push(seen);
    next.run(request).await
}

const FORM: &str = "<form method=post><input name=name><button>Save</button></form>";
