//! The application that the targets send requests to. Fief is needed for the logins at the start alone.

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderValue, Request, StatusCode, header},
    routing::get,
};
use fief_axum::{Authenticated, FiefAuth, SessionKey, fief_client::Fief};
use fief_test_server::{FiefTestServer, User};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use url::Url;

pub const APP: &str = "https://app.example.com";
/// What pages show without a user.
pub const ANONYMOUS: &str = "anonymous";

pub struct World {
    runtime: Runtime,
    app: Router,
    /// The cookies of a session.
    pub small: Vec<(String, String)>,
    /// Those of one in several cookies.
    pub large: Vec<(String, String)>,
    /// Those of a login that was begun, and of the number of logins.
    pub begun: Vec<(String, String)>,
    /// The state of that login.
    pub state: String,
    /// What pages show for the two sessions.
    pub users: [String; 2],
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

pub static WORLD: LazyLock<World> = LazyLock::new(World::new);

impl World {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (app, server) = runtime.block_on(start());
        let mut world = Self {
            runtime,
            app,
            small: Vec::new(),
            large: Vec::new(),
            begun: Vec::new(),
            state: String::new(),
            users: [EMAIL, LARGE].map(|email| server.user_id(email).to_string()),
        };
        world.small = world.log_in(&server, EMAIL);
        world.large = world.log_in(&server, LARGE);
        assert!(world.large.len() > world.small.len());
        let begun = world.get("/login", &[]);
        world.state = query(&begun, "state");
        world.begun = cookies(&begun);
        assert_eq!(world.get("/", &world.small.clone()).body, world.users[0]);
        assert_eq!(world.get("/", &world.large.clone()).body, world.users[1]);
        world
    }

    /// Sends cookies in one header.
    pub fn get(&self, path: &str, cookies: &[(String, String)]) -> Reply {
        let pairs: Vec<_> = cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let header = HeaderValue::try_from(pairs.join("; ")).unwrap();
        self.send(
            path,
            if cookies.is_empty() {
                &[]
            } else {
                std::slice::from_ref(&header)
            },
        )
    }

    /// Opens a page with these `Cookie` headers.
    pub fn send(&self, path: &str, cookies: &[HeaderValue]) -> Reply {
        let mut request = Request::get(path)
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-site", "none")
            .header(header::ACCEPT, "text/html");
        for cookie in cookies {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Body::empty()).unwrap();
        self.runtime.block_on(async {
            let response = self.app.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            Reply {
                status: parts.status,
                headers: parts.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            }
        })
    }

    fn log_in(&self, server: &FiefTestServer, email: &str) -> Vec<(String, String)> {
        let begun = self.get("/login", &[]);
        let callback = self
            .runtime
            .block_on(server.log_in(email, begun.location()));
        let path = &Url::parse(&callback).unwrap()[url::Position::BeforePath..];
        let done = self.get(path, &cookies(&begun));
        assert_eq!(done.status, 303, "{}", done.body);
        let mut session = cookies(&done);
        session.retain(|(name, _)| name.contains("session"));
        session
    }
}

impl Reply {
    pub fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}

/// Returns a parameter of the URL that a response redirects to.
pub fn query(reply: &Reply, name: &str) -> String {
    let url = Url::parse(reply.location()).unwrap();
    let mut pairs = url.query_pairs();
    let (_, value) = pairs.find(|(key, _)| key == name).unwrap();
    value.into_owned()
}

/// Returns the cookies that a response sets.
pub fn cookies(reply: &Reply) -> Vec<(String, String)> {
    let set = reply.headers.get_all(header::SET_COOKIE).iter();
    set.map(|cookie| cookie.to_str().unwrap())
        .filter(|cookie| !cookie.contains("Max-Age=0"))
        .map(|cookie| {
            let (pair, _) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

async fn start() -> (Router, FiefTestServer) {
    let castles = (0..90).map(|n| format!("castles:permission-number-{n}"));
    let large = castles.fold(User::new(LARGE, "herminetincture"), User::permission);
    let server = FiefTestServer::builder()
        .user(User::new(EMAIL, "herminetincture"))
        .user(large)
        .start()
        .await
        .unwrap();
    let now = SystemTime::now();
    server.set_time(now);
    let fief = Fief::builder(server.url(), server.client_id())
        .client_secret(server.client_secret())
        // It stands still, so that nothing is fetched later.
        .clock(move || now + Duration::ZERO)
        .build()
        .unwrap();
    let key = SessionKey::from_bytes(b"a key of thirty-two random bytes").unwrap();
    let auth = FiefAuth::builder(fief).login(APP, key).build().unwrap();
    let app = Router::new()
        .route("/", get(home))
        .merge(auth.routes())
        .layer(auth.layer());
    (app, server)
}

async fn home(token: Option<Authenticated>) -> String {
    match token {
        Some(Authenticated(token)) => token.id().to_string(),
        None => ANONYMOUS.into(),
    }
}

const EMAIL: &str = "anne@example.com";
const LARGE: &str = "louis@example.com";
