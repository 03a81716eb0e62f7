use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request},
};
use fief_axum::{FiefAuth, SessionKey};
use fief_test_server::FiefTestServer;

use crate::{
    login::{Visitor, key},
    web::{APP, COOKIE, fief},
};

pub const CREDENTIALS: [&str; 20] = [
    "none",
    "empty",
    "garbage",
    "basic",
    "twice",
    "expired",
    "foreign key",
    "other client",
    "unsigned",
    "id token",
    "no permission",
    "odd permission",
    "token as session",
    "expired session",
    "tampered session",
    "foreign session",
    "cookie",
    "session",
    "seen",
    "good",
];

/// Returns `true` if such a request with these credentials is accepted. Cookies are accepted for safe methods only.
pub fn are_good(credentials: &str, method: &Method) -> bool {
    match credentials {
        "seen" | "good" => true,
        "cookie" | "session" => [Method::GET, Method::HEAD, Method::OPTIONS].contains(method),
        _ => false,
    }
}

/// Tokens and sessions that are created before the requests.
pub struct Known {
    seen: String,
    session: String,
    expired: String,
    foreign: String,
}

impl Known {
    pub async fn new(server: &FiefTestServer) -> Self {
        let expired = session(server, key()).await;
        server.advance(Duration::from_secs(3601));
        Self {
            seen: server.access_token().permission("create").mint(),
            session: session(server, key()).await,
            expired,
            foreign: session(server, SessionKey::generate().unwrap()).await,
        }
    }
}

/// Returns the session of a user that logged in, as a `Cookie` header.
async fn session(server: &FiefTestServer, key: SessionKey) -> String {
    let builder = FiefAuth::builder(fief(server))
        .login(APP, key)
        .cookie_name("fief");
    let mut visitor = Visitor::new(builder.build().unwrap().routes());
    visitor.log_in(server, "/login").await;
    let session = visitor
        .jar
        .iter()
        .find(|(name, _)| name.ends_with("fief_session"));
    let (name, value) = session.unwrap();
    format!("{name}={value}")
}

pub fn request(
    credentials: &str,
    method: Method,
    server: &FiefTestServer,
    known: &Known,
) -> Request<Body> {
    let mint = || server.access_token().permission("create");
    let bearer = |token: String| ("authorization", format!("Bearer {token}"));
    let cookie = |cookie: String| ("cookie", cookie);
    let good = || mint().mint();
    let (name, value) = match credentials {
        "empty" => bearer(String::new()),
        "garbage" => bearer("a.b.c".into()),
        "basic" => ("authorization", format!("Basic {}", good())),
        "twice" => bearer(format!("{0}, Bearer {0}", good())),
        "expired" => bearer(mint().expired().mint()),
        "foreign key" => bearer(mint().unpublished_key().mint()),
        "other client" => bearer(mint().audience("other").mint()),
        "unsigned" => bearer(good().rsplit_once('.').unwrap().0.to_owned() + "."),
        "id token" => bearer(server.id_token().mint()),
        "no permission" => bearer(mint().permissions(["read"]).mint()),
        "odd permission" => bearer(mint().claim("permissions", "create").mint()),
        "token as session" => cookie(format!("__Host-fief_session=1.{}", good())),
        "expired session" => cookie(known.expired.clone()),
        "tampered session" => cookie(known.session.replace(['A', 'b', '7'], "c")),
        "foreign session" => cookie(known.foreign.clone()),
        "cookie" => cookie(format!("{COOKIE}={}", good())),
        "session" => cookie(known.session.clone()),
        "seen" => bearer(known.seen.clone()),
        "good" => bearer(good()),
        _ => ("x-none", String::new()),
    };
    let request = Request::builder()
        .method(method)
        .uri("/")
        .header(name, value);
    request.body(Body::empty()).unwrap()
}
