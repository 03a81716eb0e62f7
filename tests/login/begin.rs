//! What begins a login, and where that leads.

use axum::{
    Router,
    http::{Method, header},
};
use fief_axum::FiefAuth;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tracing::Level;

use super::{Visitor, builder, key, logged_in, page, query, refresh, visitor};
use crate::{
    client::log::Log,
    web::{self, APP},
};

/// LF-1, LF-10, N01, Q36
#[tokio::test]
async fn a_login_has_state_nonce_and_pkce_of_its_own() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let first = query(visitor.open("/login").await.header("location"));
    let second = query(visitor.open("/login").await.header("location"));
    assert_eq!(first["redirect_uri"], format!("{APP}/auth-callback"));
    assert_eq!(first["code_challenge_method"], "S256");
    for name in ["state", "nonce", "code_challenge"] {
        assert!(first[name].len() >= 43);
        assert_ne!(first[name], second[name]);
    }
}

/// LF-7
#[tokio::test]
async fn cookies_are_locked_to_the_host() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let begun = visitor.open("/login").await;
    let completed = visitor.log_in(&server, "/login").await;
    for response in [begun, completed] {
        for cookie in response.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.starts_with("__Host-fief_"), "{cookie}");
            for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
    }
}

/// LF-11
#[tokio::test]
async fn the_query_sets_what_is_listed_and_nothing_else() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let listed =
        "acr=1&lang=fr-FR&login_hint=anne%40example.com&max_age=300&prompt=login&screen=register";
    let foreign = "&client_id=x&scope=x&state=x&nonce=x&redirect_uri=x&response_type=x&response_mode=x\
        &code_challenge=x&code_challenge_method=plain&request=x&request_uri=x";
    let response = visitor.open(&format!("/login?{listed}{foreign}")).await;
    let query = query(response.header("location"));
    for pair in listed.split('&') {
        let (name, value) = pair.split_once('=').unwrap();
        let name = if name == "acr" { "acr_values" } else { name };
        assert_eq!(query[name], value.replace("%40", "@"));
    }
    assert!(query.values().all(|value| value != "x" && value != "plain"));
}

/// LF-11
#[tokio::test]
async fn what_is_not_understood_is_left_out() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let response = visitor
        .open("/login?acr=2&lang=%3Cscript%3E&max_age=-1&prompt=login+none&screen=admin&login_hint=a%0Ab")
        .await;
    let query = query(response.header("location"));
    for name in [
        "acr_values",
        "lang",
        "max_age",
        "prompt",
        "screen",
        "login_hint",
    ] {
        assert!(!query.contains_key(name), "{name}");
    }
}

/// LF-13, N04, FD-40, FD-41
#[tokio::test]
async fn head_and_prefetch_begin_and_end_nothing() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let callback = visitor.begin(&server, "/login").await;
    let jar = visitor.jar.clone();
    for path in ["/login", &callback, "/logout"] {
        assert_eq!(visitor.fetch(Method::HEAD, path).await.status, 405);
        for (name, value) in [
            ("hx-preloaded", "true"),
            ("next-router-prefetch", "1"),
            ("purpose", "prefetch"),
            ("sec-purpose", "prefetch;prerender"),
            ("x-middleware-prefetch", "1"),
            ("x-moz", "prefetch"),
            ("x-purpose", "preview"),
            ("x-sec-purpose", "prefetch"),
        ] {
            let mut request = page(path, "same-origin");
            request.headers_mut().insert(name, value.parse().unwrap());
            let response = visitor.send(request).await;
            assert_eq!(response.status, 503, "{path} {name}");
            assert_eq!(response.header("cache-control"), "no-store");
        }
    }
    assert_eq!(visitor.jar, jar);
}

/// N06, Q38
#[tokio::test]
async fn only_navigations_are_sent_to_log_in() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let response = visitor.open("/castles?query1=value1&query2=value2").await;
    let to = "/login?return_to=%2Fcastles%3Fquery1%3Dvalue1%26query2%3Dvalue2";
    assert_eq!(
        (response.status.as_u16(), response.header("location")),
        (303, to)
    );
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
    assert_eq!(visitor.fetch(Method::POST, "/castles").await.status, 401);
}

/// D13
#[tokio::test]
async fn a_step_up_requests_the_level_and_comes_back() {
    let server = refresh::server().await;
    let (_, mut visitor) = logged_in(&server, refresh::refreshing(&server)).await;
    // From here on the session's level is zero.
    server.advance(refresh::LIFETIME);
    let redirect = visitor.open("/admin").await;
    let login = redirect.header("location").to_owned();
    assert_eq!(login, "/login?return_to=%2Fadmin&acr=1");
    assert_eq!(visitor.fetch(Method::GET, "/admin").await.status, 401);
    let before = visitor.jar["__Host-fief_session"].clone();
    assert_eq!(
        visitor.log_in(&server, &login).await.header("location"),
        "/admin"
    );
    assert_eq!(visitor.open("/admin").await.status, 200);

    // SE-1: the former session has ended.
    let mut old = visitor.clone();
    old.jar.insert("__Host-fief_session".into(), before);
    assert_eq!(old.open("/castles").await.status, 303);
}

/// D13
#[tokio::test]
async fn a_login_that_is_too_old_is_requested_again() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    assert_eq!(visitor.open("/recent").await.status, 200);
    server.advance(std::time::Duration::from_secs(361));
    let redirect = visitor.open("/recent").await;
    let login = redirect.header("location").to_owned();
    assert_eq!(login, "/login?return_to=%2Frecent&max_age=300");
    visitor.log_in(&server, &login).await;
    assert_eq!(visitor.open("/recent").await.status, 200);
}

#[tokio::test]
async fn the_routes_can_be_nested_and_renamed() {
    let server = FiefTestServer::start().await;
    let auth = FiefAuth::builder(web::fief(&server))
        .login(format!("{APP}/portal"), key())
        .login_path("/sign-in")
        .callback_path("/back")
        .logout_path("/sign-out")
        .after_login("/portal/home")
        .after_logout("/bye")
        .build()
        .unwrap();
    let portal = Router::new()
        .route("/home", axum::routing::get(async || "home"))
        .route_layer(auth.require())
        .merge(auth.routes());
    let mut visitor = Visitor::new(Router::new().nest("/portal", portal).layer(auth.layer()));
    let redirect = visitor.open("/portal/home").await;
    assert_eq!(
        redirect.header("location"),
        "/portal/sign-in?return_to=%2Fportal%2Fhome"
    );
    let response = visitor.log_in(&server, "/portal/sign-in").await;
    assert_eq!(response.header("location"), "/portal/home");
    assert_eq!(visitor.open("/portal/home").await.body, "home");
    let left = visitor.open("/portal/sign-out").await;
    assert_eq!(
        query(left.header("location"))["redirect_uri"],
        format!("{APP}/bye")
    );
}

#[tokio::test]
async fn two_routes_cannot_have_one_path() {
    let server = FiefTestServer::start().await;
    let error = builder(&server).logout_path("/login").build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid configuration: logout_path and login_path must differ"
    );
    let error = builder(&server).user_route("/logout").build().unwrap_err();
    assert!(error.to_string().contains("user_route and logout_path"));
}

/// RB-10
#[tokio::test]
async fn a_login_while_fief_is_unreachable_is_a_503() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(500));
    let response = visitor(&server).await.open("/login").await;
    assert_eq!(response.status, 503);
    assert!(!response.header("retry-after").is_empty());
}

/// FD-40, LF-13: the 2xx of a prefetch would be shown for the click, and the login of a redirect would be its own.
#[tokio::test]
async fn the_prefetch_of_a_guarded_page_leads_to_no_login() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let prefetch = |name: &'static str| {
        let mut request = page("/castles", "same-origin");
        request
            .headers_mut()
            .insert(name, "prefetch".parse().unwrap());
        request
    };
    let mut htmx = prefetch("hx-preloaded");
    htmx.headers_mut()
        .insert("hx-request", "true".parse().unwrap());

    for request in [prefetch("sec-purpose"), prefetch("x-moz"), htmx] {
        let response = visitor.send(request).await;
        assert_eq!(response.status, 503);
        assert_eq!(response.header("cache-control"), "no-store");
        let leads = ["location", "hx-redirect"].map(|name| response.header(name));
        assert_eq!(leads, ["", ""]);
    }
    assert_eq!(visitor.open("/castles").await.status, 303);
    visitor.log_in(&server, "/login").await;
    assert_eq!(visitor.send(prefetch("sec-purpose")).await.status, 200);
}

/// FD-44, LF-18: each way to put a guard around the routes.
#[tokio::test]
async fn a_login_route_behind_a_guard_is_an_error() {
    let server = FiefTestServer::start().await;
    let auth = builder(&server).build().unwrap();
    let every = auth.paths().require("/{*rest}", auth.require());
    let routes = || Router::new().merge(auth.routes::<()>());
    let apps = [
        routes().layer(auth.require()),
        routes().layer(auth.require().permission("castles:build")),
        routes().layer(every),
        routes().layer(auth.paths()),
    ];
    for app in apps {
        let mut visitor = Visitor::new(app);
        for route in [
            "/login",
            "/login?return_to=/",
            "/auth-callback?state=x&code=x",
        ] {
            // The line is logged once in half a minute.
            server.advance(std::time::Duration::from_secs(30));
            let (log, _guard) = Log::of(Level::ERROR);
            let response = visitor.open(route).await;
            assert_eq!(
                (response.status.as_u16(), response.header("location")),
                (500, "")
            );
            assert_eq!(
                log.text().matches("of its own FiefAuth").count(),
                1,
                "{}",
                log.text()
            );
        }
    }
}
