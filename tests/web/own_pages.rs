//! What an application needs to show pages of its own.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    http::{HeaderMap, Request, header, request::Builder},
    response::IntoResponse,
    routing::get,
};
use fief_axum::{Authorized, FiefAuth, Policy, Rejection, SessionKey, preferred_language};
use fief_client::Requirements;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{APP, COOKIE, EMAIL, TestResponse, fief, page, send, unchecked};

struct CanKeep;

impl Policy for CanKeep {
    fn requirements() -> Requirements {
        Requirements::new().permission("castles:keep")
    }
}

/// The rejections that the hook has seen.
type Seen = Arc<Mutex<Vec<Rejection>>>;

/// Returns an application that accepts a token in a cookie, since browsers send no other.
fn app(server: &FiefTestServer) -> (Router, Seen) {
    let seen = Seen::default();
    let hook = Arc::clone(&seen);
    let key = SessionKey::generate().unwrap();
    let auth = FiefAuth::builder(fief(server))
        .login(APP, key)
        .access_token_cookie(COOKIE)
        .on_rejection(move |rejection| {
            hook.lock().unwrap().push(rejection.clone());
            let name = rejection.user().and_then(|user| user.email.clone());
            let name = name.unwrap_or_else(|| "somebody".into());
            (
                rejection.kind().status(),
                rejection.response_headers(),
                name,
            )
                .into_response()
        })
        .build()
        .unwrap();
    let keeper = auth.require().permission("castles:keep");
    let app = Router::new()
        .route("/keep", unchecked().route_layer(keeper))
        .route("/policy", get(async |_: Authorized<CanKeep>| "inside"))
        .route("/", unchecked().route_layer(auth.require()))
        .layer(auth.layer());
    (app, seen)
}

fn with_cookie(request: Builder, server: &FiefTestServer) -> Builder {
    let token = server.access_token().mint();
    request.header("cookie", format!("{COOKIE}={token}"))
}

fn form(path: &str) -> Builder {
    Request::post(path)
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", "same-origin")
}

async fn rejection(app: &(Router, Seen), request: Builder) -> (TestResponse, Rejection) {
    let response = send(&app.0, request).await;
    (response, app.1.lock().unwrap().pop().unwrap())
}

/// D9: guards, and extractors with a policy.
#[tokio::test]
async fn a_page_that_says_what_is_missing_names_the_user() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    for request in [page("/keep"), form("/keep"), page("/policy")] {
        let (response, rejection) = rejection(&app, with_cookie(request, &server)).await;
        assert_eq!((response.status.as_u16(), &*response.body), (403, EMAIL));
        assert!(rejection.is_page());
        assert!(rejection.other_user_url().is_some());
    }
    assert_eq!(server.requests(Endpoint::Userinfo), 1, "it is cached");
}

/// RB-11: no request of a program or an anonymous client causes one to Fief.
#[tokio::test]
async fn other_responses_look_up_no_user() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    let token = server.access_token().mint();
    for request in [
        with_cookie(Request::get("/keep"), &server),
        with_cookie(Request::get("/keep").header("hx-request", "true"), &server),
        Request::get("/policy").header("authorization", format!("Bearer {token}")),
        page("/keep"),
        form("/keep"),
    ] {
        let (response, _) = rejection(&app, request).await;
        assert_eq!(response.body, "somebody");
    }
    let plain = super::site(&server);
    let plain = super::guarded(plain.require().permission("castles:keep"));
    let bearer = page("/").header("authorization", format!("Bearer {token}"));
    assert_eq!(send(&plain, bearer).await.status, 403);
    assert_eq!(server.requests(Endpoint::Userinfo), 0);
}

/// D5: the page is shown nevertheless.
#[tokio::test]
async fn without_user_info_the_page_names_no_user() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    server.fault(Endpoint::Userinfo, Fault::status(500));

    let (response, _) = rejection(&app, with_cookie(page("/keep"), &server)).await;

    assert_eq!(
        (response.status.as_u16(), &*response.body),
        (403, "somebody")
    );
}

/// D9: a redirect, JSON, a fragment and a prefetch are none.
#[tokio::test]
async fn what_a_browser_shows_as_a_page_is_one() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    for (request, is_page) in [
        (page("/"), false),
        (page("/").header("sec-purpose", "prefetch"), false),
        (form("/"), true),
        (Request::get("/"), false),
        (Request::get("/").header("hx-request", "true"), false),
        (with_cookie(page("/keep"), &server), true),
        (with_cookie(Request::get("/keep"), &server), false),
    ] {
        let (_, rejection) = rejection(&app, request).await;
        assert_eq!(rejection.is_page(), is_page, "{rejection:?}");
    }
}

/// RFC 9110, section 11.6.1: and where to go back to.
#[tokio::test]
async fn a_page_of_an_application_has_the_headers_of_the_default_one() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    let referer = form("/").header("referer", format!("{APP}/form?a=b"));
    let (response, rejected) = rejection(&app, referer).await;
    assert_eq!(
        (response.status.as_u16(), response.challenge()),
        (401, "Bearer")
    );
    assert_eq!(rejected.back_url(), Some("/form?a=b"));
    let login = "/login?return_to=%2Fform%3Fa%3Db";
    assert_eq!(rejected.login_url(), Some(login));

    let cold = FiefTestServer::start().await;
    let app = self::app(&cold);
    cold.fault(Endpoint::Jwks, Fault::status(500));
    let (response, rejected) = rejection(&app, with_cookie(page("/keep?a"), &cold)).await;
    assert_eq!(response.status, 503);
    assert_eq!(response.header(header::RETRY_AFTER), "5");
    assert_eq!(rejected.back_url(), Some("/keep?a"));
}

/// RFC 4647, section 3.4
#[test]
fn the_first_preferred_language_that_is_available_counts() {
    for (accepted, expected) in [
        ("fr", Some("fr")),
        ("fr-CH, en;q=0.8", Some("fr")),
        ("en;q=0.8, fr", Some("fr")),
        ("br, FR-ca;q=0.5, en;q=0.4", Some("fr")),
        ("zh-Hant-TW", Some("zh-Hant")),
        ("en-GB", Some("en")),
        ("fr;q=0, en", Some("en")),
        ("french", None),
        ("de, *", None),
        ("f", None),
        ("-fr", None),
        ("", None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
        let found = preferred_language(&headers, &["en", "fr", "zh-Hant"]);
        assert_eq!(found, expected, "{accepted}");
    }
    assert_eq!(preferred_language(&HeaderMap::new(), &["en"]), None);
}
