use std::collections::HashMap;

use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use fief_axum::{FiefAuth, LoginPageKind};
use fief_test_server::{Client, Endpoint, Fault, FiefTestServer};
use url::Url;

use super::{Visitor, app, builder, key, logged_in, refresh, visitor::page};
use crate::web::{self, APP, EMAIL};

async fn visitor(server: &FiefTestServer) -> Visitor {
    Visitor::new(app(&builder(server).build().unwrap()))
}

fn query(url: &str) -> HashMap<String, String> {
    Url::parse(url)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect()
}

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
    let landed = visitor.log_in(&server, "/login").await;
    for answer in [begun, landed] {
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.starts_with("__Host-fief_"), "{cookie}");
            for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
    }
}

/// N02, LF-15
#[tokio::test]
async fn the_callback_ends_the_attempt_and_goes_to_the_default_page() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let answer = visitor.log_in(&server, "/login").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/")
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(visitor.names(), ["__Host-fief_session"]);
}

/// LF-3
#[tokio::test]
async fn a_callback_of_somebody_elses_login_is_refused() {
    let server = FiefTestServer::start().await;
    let mut attacker = visitor(&server).await;
    let callback = attacker.begin(&server, "/login").await;
    let answer = visitor(&server).await.open(&callback).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("href=\"/login\""));
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// LF-4: also the back button after a login.
#[tokio::test]
async fn a_replay_changes_nothing() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    visitor.open(&callback).await;
    let jar = visitor.jar.clone();
    let again = visitor.open(&callback).await;
    assert_eq!(
        (again.status.as_u16(), again.header("location")),
        (303, "/")
    );
    assert_eq!(visitor.jar, jar);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// LF-4: used up, whatever came of it.
#[tokio::test]
async fn a_failed_callback_uses_its_attempt_up() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    server.fault_once(Endpoint::Token, Fault::status(500));
    assert_eq!(visitor.open(&callback).await.status, 503);
    assert!(visitor.names().is_empty());
    assert_eq!(visitor.open(&callback).await.status, 400);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// LF-5
#[tokio::test]
async fn an_attempt_is_good_for_ten_minutes() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    server.advance(std::time::Duration::from_secs(601));
    assert_eq!(visitor.open(&callback).await.status, 400);
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// LF-6
#[tokio::test]
async fn several_tabs_log_in_and_the_oldest_of_six_does_not() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let mut callbacks = Vec::new();
    for tab in 0..6 {
        server.advance(std::time::Duration::from_secs(1));
        callbacks.push(
            visitor
                .begin(&server, &format!("/login?return_to=/{tab}"))
                .await,
        );
    }
    assert_eq!(visitor.names().len(), 5);
    assert_eq!(visitor.open(&callbacks[0]).await.status, 400);
    for tab in [3, 1] {
        let landed = visitor.open(&callbacks[tab]).await;
        assert_eq!(landed.header("location"), format!("/{tab}"));
    }
}

/// LF-2, LF-8
#[tokio::test]
async fn no_cookie_is_good_for_another_purpose() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let session = visitor.jar["__Host-fief_session"].clone();
    let sealed = session.split_once('.').unwrap().1.to_owned();
    let callback = visitor.begin(&server, "/login").await;
    let login = visitor
        .names()
        .iter()
        .find(|name| name.contains("login"))
        .unwrap()
        .to_string();
    let attempt = visitor.jar.insert(login, sealed).unwrap();
    visitor
        .jar
        .insert("__Host-fief_session".into(), format!("1.{attempt}"));
    assert_eq!(visitor.open("/castles").await.status, 303);
    assert_eq!(visitor.open(&callback).await.status, 400);
}

/// LF-9, SE-12
#[tokio::test]
async fn another_clients_cookies_are_absent() {
    let clients = [
        Client::new("castles").secret("s"),
        Client::new("moats").secret("s"),
    ];
    let [castles, moats] = clients;
    let server = FiefTestServer::builder()
        .client(castles)
        .client(moats)
        .start()
        .await
        .unwrap();
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let callback = visitor.begin(&server, "/login").await;
    let fief = fief_client::Fief::builder(server.url(), "moats").client_secret("s");
    let fief = fief.any_audience().clock(server.clock()).build().unwrap();
    let moats = FiefAuth::builder(fief).login(APP, key()).build().unwrap();
    let mut visitor = visitor.at(app(&moats));
    assert_eq!(visitor.open("/castles").await.status, 303);
    assert_eq!(visitor.open(&callback).await.status, 400);
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
    let answer = visitor.open(&format!("/login?{listed}{foreign}")).await;
    let query = query(answer.header("location"));
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
    let answer = visitor
        .open("/login?acr=2&lang=%3Cscript%3E&max_age=-1&prompt=login+none&screen=admin&login_hint=a%0Ab")
        .await;
    let query = query(answer.header("location"));
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

/// LF-12, LF-14
#[tokio::test]
async fn a_callback_that_is_repetitive_or_long_is_refused() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    let long = "x".repeat(600);
    for more in ["&state=x", "&code=x", "&error=x", "&iss=a&iss=b"] {
        assert_eq!(visitor.open(&format!("{callback}{more}")).await.status, 400);
    }
    for query in [
        format!("code={long}&state=x"),
        format!("code=x&state={long}"),
        "code=%00&state=x".into(),
        String::new(),
    ] {
        assert_eq!(
            visitor
                .open(&format!("/auth-callback?{query}"))
                .await
                .status,
            400
        );
    }
    assert_eq!(server.requests(Endpoint::Token), 0);
    // The login goes on.
    assert_eq!(visitor.open(&callback).await.status, 303);
}

/// LF-13, N04
#[tokio::test]
async fn head_and_prefetch_begin_and_end_nothing() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let callback = visitor.begin(&server, "/login").await;
    let jar = visitor.jar.clone();
    for path in ["/login", &callback, "/logout"] {
        assert_eq!(visitor.fetch(Method::HEAD, path).await.status, 405);
        for (name, value) in [
            ("sec-purpose", "prefetch"),
            ("purpose", "prefetch"),
            ("x-middleware-prefetch", "1"),
        ] {
            let request = Request::get(path)
                .header(name, value)
                .body(Body::empty())
                .unwrap();
            let answer = visitor.send(request).await;
            assert_eq!(answer.status, 204);
        }
    }
    assert_eq!(visitor.jar, jar);
}

/// LF-16
#[tokio::test]
async fn a_browser_that_goes_round_in_circles_is_stopped() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    for _ in 0..5 {
        assert_eq!(visitor.log_in(&server, "/login").await.status, 303);
    }
    assert_eq!(visitor.open("/login").await.status, 429);
    server.advance(std::time::Duration::from_secs(61));
    assert_eq!(visitor.log_in(&server, "/login").await.status, 303);
}

/// CB-1, CB-2, CB-3, SE-13, Q37, Q40
#[tokio::test]
async fn an_error_shows_a_page_with_nothing_of_the_query() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    let state = query(&format!("{APP}{callback}"))["state"].clone();
    let hostile = "error_description=%3Cscript%3Ealert(1)%3C/script%3E%0D%0ASet-Cookie:a=b&error_uri=https://evil";
    let foreign = format!("/auth-callback?error=access_denied&{hostile}&state=x");
    assert_eq!(visitor.open(&foreign).await.status, 400);

    let answer = visitor
        .open(&format!(
            "/auth-callback?error=access_denied&{hostile}&state={state}"
        ))
        .await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("Access was denied."));
    assert!(answer.body.contains("href=\"/login?return_to=%2Fcastles\""));
    assert!(!answer.body.contains("script") && !answer.body.contains("evil"));
    assert!(
        answer
            .header("content-security-policy")
            .contains("default-src 'none'")
    );
    assert!(
        answer
            .header("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// CB-4
#[tokio::test]
async fn failures_of_the_token_endpoint_have_a_page_each() {
    let server = FiefTestServer::start().await;
    let faults = [
        (r#"{"error":"invalid_grant"}"#, 400, 400),
        (r#"{"error":"invalid_client"}"#, 400, 500),
        ("<h1>secret trace</h1>", 502, 503),
    ];
    for (body, status, shown) in faults {
        let mut visitor = visitor(&server).await;
        let callback = visitor.begin(&server, "/login").await;
        server.fault_once(Endpoint::Token, Fault::status(status).body(body));
        let answer = visitor.open(&callback).await;
        assert_eq!(answer.status, shown);
        assert!(!answer.body.contains("secret") && !answer.body.contains("invalid_"));
    }
}

/// CB-5
#[tokio::test]
async fn a_code_of_another_login_is_refused() {
    let server = FiefTestServer::start().await;
    let mut attacker = visitor(&server).await;
    let injected = attacker.begin(&server, "/login").await;
    let code = query(&format!("{APP}{injected}"))["code"].clone();
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    let state = query(&format!("{APP}{callback}"))["state"].clone();
    let answer = visitor
        .open(&format!("/auth-callback?code={code}&state={state}"))
        .await;
    assert_eq!(answer.status, 400);
    assert!(visitor.names().is_empty());
}

/// LF-16: nobody is asked anything, and nobody is told.
#[tokio::test]
async fn a_silent_login_that_fails_goes_back_to_the_page() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let begun = visitor.open("/login?prompt=none&return_to=/public").await;
    let state = query(begun.header("location"))["state"].clone();
    let refused = format!(
        "/auth-callback?error=login_required&error_description=n&error_description=o&state={state}"
    );
    let answer = visitor.open(&refused).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/public")
    );
    assert!(visitor.names().is_empty());
}

/// N06, Q38
#[tokio::test]
async fn only_navigations_are_sent_to_log_in() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let answer = visitor.open("/castles?query1=value1&query2=value2").await;
    let to = "/login?return_to=%2Fcastles%3Fquery1%3Dvalue1%26query2%3Dvalue2";
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, to)
    );
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
    assert_eq!(visitor.fetch(Method::POST, "/castles").await.status, 401);
}

/// D13
#[tokio::test]
async fn a_step_up_asks_for_the_level_and_comes_back() {
    let server = refresh::server().await;
    let (_, mut visitor) = logged_in(&server, refresh::refreshing(&server)).await;
    // From here on the session's level is zero.
    server.advance(refresh::LIFETIME);
    let asked = visitor.open("/admin").await;
    let login = asked.header("location").to_owned();
    assert_eq!(login, "/login?return_to=%2Fadmin&acr=1");
    assert_eq!(visitor.fetch(Method::GET, "/admin").await.status, 401);
    let before = visitor.jar["__Host-fief_session"].clone();
    assert_eq!(
        visitor.log_in(&server, &login).await.header("location"),
        "/admin"
    );
    assert_eq!(visitor.open("/admin").await.status, 200);

    // SE-1: the session of before is over.
    let mut old = visitor.clone();
    old.jar.insert("__Host-fief_session".into(), before);
    assert_eq!(old.open("/castles").await.status, 303);
}

/// D13
#[tokio::test]
async fn a_login_that_is_too_old_is_asked_for_again() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    assert_eq!(visitor.open("/recent").await.status, 200);
    server.advance(std::time::Duration::from_secs(361));
    let asked = visitor.open("/recent").await;
    let login = asked.header("location").to_owned();
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
    let asked = visitor.open("/portal/home").await;
    assert_eq!(
        asked.header("location"),
        "/portal/sign-in?return_to=%2Fportal%2Fhome"
    );
    let landed = visitor.log_in(&server, "/portal/sign-in").await;
    assert_eq!(landed.header("location"), "/portal/home");
    assert_eq!(visitor.open("/portal/home").await.body, "home");
    let left = visitor.open("/portal/sign-out").await;
    assert_eq!(
        query(left.header("location"))["redirect_uri"],
        format!("{APP}/bye")
    );
}

#[tokio::test]
async fn the_pages_can_be_replaced() {
    let server = FiefTestServer::start().await;
    let builder = builder(&server).on_login_page(|page| {
        assert_eq!(page.kind(), LoginPageKind::NotBegun);
        (page.kind().status(), format!("again: {}", page.link()))
    });
    let mut visitor = Visitor::new(app(&builder.build().unwrap()));
    let answer = visitor.open("/auth-callback?code=x&state=x").await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (400, "again: /login")
    );
}

/// RB-10
#[tokio::test]
async fn a_login_while_fief_is_away_says_so() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(500));
    let answer = visitor(&server).await.open("/login").await;
    assert_eq!(answer.status, 503);
    assert!(!answer.header("retry-after").is_empty());
}

/// SE-7
#[tokio::test]
async fn a_page_with_a_session_is_one_users() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let (answer, _) = visitor.ask(page("/email", "none")).await;
    assert_eq!(answer.body, EMAIL);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("vary"), "Cookie, Authorization");
}
