use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, header},
};
use fief_axum::FiefAuth;
use fief_test_server::FiefTestServer;
use tower::ServiceExt;

/// Logs a browser in. Returns its cookies.
pub(crate) async fn log_in(server: &FiefTestServer, auth: &FiefAuth) -> String {
    let app = auth.routes().layer(auth.layer());
    let begun = navigate(&app, "/login", "").await;
    let location = begun[header::LOCATION].to_str().unwrap();
    let callback = server.log_in("anne@example.com", location).await;
    let callback = callback.trim_start_matches("https://app.example.com");
    cookies(&navigate(&app, callback, &cookies(&begun)).await)
}

async fn navigate(app: &Router, path: &str, cookies: &str) -> HeaderMap {
    let request = Request::get(path)
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", "none")
        .header(header::COOKIE, cookies);
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    assert!(response.status().is_redirection());
    response.into_parts().0.headers
}

/// The cookies that a response sets and does not clear, except for the counter of logins: the first page removes it.
fn cookies(headers: &HeaderMap) -> String {
    let set = headers.get_all(header::SET_COOKIE).iter();
    let set = set.map(|cookie| cookie.to_str().unwrap());
    let set = set.filter(|cookie| !cookie.contains("Max-Age=0") && !cookie.contains("fief_logins"));
    let pairs: Vec<_> = set.filter_map(|cookie| cookie.split(';').next()).collect();
    pairs.join("; ")
}
