use std::time::{Duration, SystemTime};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Request, header},
};
use fief_axum::{FiefAuth, SessionKey};
use fief_client::Fief;
use fief_test_server::FiefTestServer;
use tower::ServiceExt;

use crate::fixture::{Visitor, protected};

/// A browser with a session, which is young for ever: an older one would be written anew.
pub(crate) async fn log_in(server: &FiefTestServer) -> Visitor {
    let latest = SystemTime::now() + Duration::from_secs(30);
    let fief = Fief::builder(server.url(), server.client_id())
        .client_secret(server.client_secret())
        .clock(move || SystemTime::now().min(latest))
        .build()
        .unwrap();
    let auth = FiefAuth::builder(fief)
        .login("https://app.example.com", SessionKey::generate().unwrap())
        .build()
        .unwrap();
    let app = protected(&auth).merge(auth.routes());
    server.set_permissions("anne@example.com", ["castles:create"]);
    let begun = open(&app, "/login", "").await;
    let location = begun[header::LOCATION].to_str().unwrap();
    let callback = server.log_in("anne@example.com", location).await;
    let callback = callback.trim_start_matches("https://app.example.com");
    let session = open(&app, callback, &cookies(&begun)).await;
    let session = HeaderValue::try_from(cookies(&session)).unwrap();
    Visitor {
        app,
        name: header::COOKIE,
        values: vec![session],
    }
}

async fn open(app: &Router, path: &str, cookies: &str) -> HeaderMap {
    let request = Request::get(path)
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", "none")
        .header(header::COOKIE, cookies);
    let request = request.body(Body::empty()).unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    assert!(answer.status().is_redirection());
    answer.into_parts().0.headers
}

/// What an answer set and did not clear.
fn cookies(headers: &HeaderMap) -> String {
    let set = headers.get_all(header::SET_COOKIE).iter();
    let set = set.map(|cookie| cookie.to_str().unwrap());
    let set = set.filter(|cookie| !cookie.contains("Max-Age=0"));
    let pairs: Vec<_> = set.filter_map(|cookie| cookie.split(';').next()).collect();
    pairs.join("; ")
}
