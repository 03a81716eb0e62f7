//! What a hook decides.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use fief_axum::{AcceptedLogin, Login};
use fief_client::FiefAcr;
use fief_test_server::{FiefTestServer, User};

use super::{Calls, Visitor, begin_silently, builder, ended, visitor};
use crate::{
    login::exchange::open,
    web::{EMAIL, TestResponse},
};

const REJECTED: (StatusCode, Html<&str>) = (StatusCode::FORBIDDEN, Html("<h1>Members only</h1>"));

fn redirect(response: &TestResponse) -> (u16, &str) {
    (response.status.as_u16(), response.header("location"))
}

/// D10
#[tokio::test]
async fn a_hook_knows_user_tokens_and_request() {
    let server = FiefTestServer::start().await;
    let user = server.user_id(EMAIL);
    let builder = builder(&server).on_login(move |login: Login| async move {
        assert_eq!(login.user().email.as_deref(), Some(EMAIL));
        assert_eq!((login.token().id(), login.user().sub), (user, user));
        assert_eq!(login.token().acr(), FiefAcr::LevelOne);
        let token = login.token().access_token();
        assert_eq!(login.tokens().access_token(), token);
        assert_eq!(login.return_to(), "/castles?page=2");
        assert!(!login.is_silent());
        assert_eq!(login.method(), "GET");
        assert_eq!(login.uri().path(), "/auth-callback");
        assert_eq!(login.headers()["sec-fetch-mode"], "navigate");
        assert!(!format!("{login:?}").contains(&token[..20]));
        Ok::<_, Response>(())
    });
    let mut visitor = visitor(builder);

    let response = visitor
        .log_in(&server, "/login?return_to=/castles%3Fpage%3D2")
        .await;

    assert_eq!(redirect(&response), (303, "/castles?page=2"));
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// D10
#[tokio::test]
async fn a_rejected_login_has_the_response_of_the_hook_and_no_session() {
    let server = FiefTestServer::start().await;
    let mut visitor =
        visitor(builder(&server).on_login(|_| async { Err::<(), _>(REJECTED.into_response()) }));
    let callback = visitor.begin(&server, "/login").await;

    let response = visitor.open(&callback).await;

    assert_eq!(response.status, 403);
    assert_eq!(response.body, "<h1>Members only</h1>");
    assert_eq!(response.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(visitor.cookie_names(), [""; 0]);
    assert_eq!(visitor.open(&callback).await.status, 400);
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// D10: all of it is sent.
#[tokio::test]
async fn a_rejection_may_set_headers_and_cookies() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(builder(&server).on_login(|_| async {
        let mut headers = HeaderMap::new();
        headers.insert("x-reason", "banned".parse().unwrap());
        headers.insert(header::SET_COOKIE, "banned=1; Path=/".parse().unwrap());
        Err::<(), _>((StatusCode::GONE, headers, "x".repeat(200_000)))
    }));

    let response = visitor.log_in(&server, "/login").await;

    assert_eq!(response.status, 410);
    assert_eq!(response.header("x-reason"), "banned");
    assert_eq!(response.body.len(), 200_000);
    assert_eq!(visitor.cookie_names(), ["banned"]);
}

/// D10: another user that may not log in ends no session.
#[tokio::test]
async fn a_rejected_login_leaves_the_session_of_before() {
    let other = "louis@example.com";
    let server = FiefTestServer::builder()
        .user(User::new(EMAIL, "herminetincture"))
        .user(User::new(other, "porcupine-and-crown"));
    let server = server.start().await.unwrap();
    let mut visitor = visitor(builder(&server).on_login(move |login: Login| async move {
        match login.user().email.as_deref() {
            Some(EMAIL) => Ok(()),
            Some(_) | None => Err(REJECTED),
        }
    }));
    visitor.log_in(&server, "/login").await;

    assert_eq!(visitor.log_in_as(&server, other).await.status, 403);

    let response = visitor.open("/castles").await;
    assert_eq!(response.body, server.user_id(EMAIL).to_string());
}

/// D10, RT-1: a path of this site, and no login route.
#[tokio::test]
async fn a_hook_chooses_the_page() {
    let server = FiefTestServer::start().await;
    for (chosen, page) in [
        ("/welcome?new=1", "/welcome?new=1"),
        ("https://evil.example.com/", "/castles"),
        ("//evil.example.com/", "/castles"),
        ("/\\evil.example.com", "/castles"),
        ("welcome", "/castles"),
        ("/logout", "/castles"),
        ("/login?return_to=/", "/castles"),
    ] {
        let builder = builder(&server).on_login(move |_| async move {
            Ok::<_, Response>(AcceptedLogin::new().redirect_to(chosen))
        });
        let mut visitor = visitor(builder);
        let response = visitor.log_in(&server, "/login?return_to=/castles").await;
        assert_eq!(redirect(&response), (303, page), "{chosen}");
        assert_eq!(visitor.open("/castles").await.status, 200);
    }
}

/// D10, LF-16: no page is shown.
#[tokio::test]
async fn a_silent_login_that_is_rejected_goes_back_to_its_page() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(builder(&server).on_login(|login: Login| async move {
        assert!(login.is_silent());
        Err::<(), _>(REJECTED)
    }));
    let login = "/login?prompt=none&return_to=/public";
    let callback = begin_silently(&mut visitor, &server, login).await;

    let response = visitor.open(&callback).await;

    assert_eq!(redirect(&response), (303, "/public"));
    assert_eq!(visitor.cookie_names(), [""; 0]);
}

/// D10, LF-16: a hook that begins another login never ends.
#[tokio::test]
async fn a_hook_that_redirects_to_the_login_is_a_loop_that_ends() {
    let server = FiefTestServer::start().await;
    let mut visitor =
        visitor(builder(&server).on_login(|_| async { Err::<(), _>(Redirect::to("/login")) }));
    for _ in 0..5 {
        let response = visitor.log_in(&server, "/login").await;
        assert_eq!(redirect(&response), (303, "/login"));
    }

    assert_eq!(visitor.open("/login").await.status, 429);
}

/// D10, LF-4: they get one response of one call.
#[tokio::test]
async fn joined_callbacks_call_the_hook_once() {
    for accepts in [true, false] {
        let server = FiefTestServer::start().await;
        let calls = Calls::waiting();
        let hook = calls.clone();
        let builder = builder(&server).on_login(move |_| {
            let hook = hook.clone();
            async move {
                hook.call().await;
                if accepts { Ok(()) } else { Err(REJECTED) }
            }
        });
        let mut visitor = visitor(builder);
        let callback = visitor.begin(&server, "/login").await;

        let all: Vec<_> = (0..20).map(|_| open(&visitor, &callback)).collect();
        calls.reach(1).await;
        calls.release();

        let status = if accepts { 303 } else { 403 };
        for callback in all {
            let (response, _) = callback.await.unwrap();
            assert_eq!(response.status, status);
        }
        assert_eq!(calls.count(), 1);
    }
}

/// D10: each is a login.
#[tokio::test]
async fn the_logins_of_two_tabs_call_the_hook_twice() {
    let server = FiefTestServer::start().await;
    let calls = Calls::new();
    let hook = calls.clone();
    let builder = builder(&server).on_login(move |_| {
        let hook = hook.clone();
        async move {
            Ok::<_, Response>(AcceptedLogin::new().data(&super::Member {
                number: hook.call().await,
            }))
        }
    });
    let mut visitor = visitor(builder);
    let first = visitor.begin(&server, "/login?return_to=/castles").await;
    let second = visitor.begin(&server, "/login?return_to=/email").await;

    assert_eq!(redirect(&visitor.open(&second).await), (303, "/email"));
    assert_eq!(redirect(&visitor.open(&first).await), (303, "/castles"));

    assert_eq!(visitor.open("/member").await.body, "2");
}

/// D10: a browser that opens its tabs again, whose callbacks are all there before the first hook has ended.
#[tokio::test]
async fn the_logins_of_tabs_at_once_all_succeed() {
    let server = FiefTestServer::start().await;
    let pages = ["/castles", "/email", "/write"];
    let (calls, each) = (Calls::waiting(), pages.map(|page| (page, Calls::waiting())));
    let (hook, hooks) = (calls.clone(), each.clone());
    calls.release();
    let builder = builder(&server).on_login(move |login: Login| {
        let (hook, hooks) = (hook.clone(), hooks.clone());
        async move {
            hook.call().await;
            let own = hooks.iter().find(|(page, _)| *page == login.return_to());
            own.unwrap().1.call().await;
            Ok::<_, Response>(())
        }
    });
    let mut visitor = visitor(builder);
    let mut callbacks = Vec::new();
    for page in pages {
        let login = format!("/login?return_to={page}");
        callbacks.push(visitor.begin(&server, &login).await);
    }
    let tabs: Vec<_> = callbacks.iter().map(|tab| open(&visitor, tab)).collect();
    calls.reach(3).await;

    // One after the other.
    for ((page, own), tab) in each.iter().zip(tabs) {
        own.release();
        let (response, mut visitor) = ended(tab).await;
        assert_eq!(redirect(&response), (303, *page));
        assert_eq!(visitor.open("/castles").await.status, 200);
    }
    assert_eq!(calls.count(), 3);
}

/// D10: an application without the hook, or with another one, accepts logins that this one does not.
#[tokio::test]
async fn a_session_counts_only_where_the_hook_accepted_it() {
    let server = FiefTestServer::start().await;
    let plain = builder(&server).cookie_name("plain").build().unwrap();
    let hook = |_: Login| async { Ok::<_, StatusCode>(AcceptedLogin::new()) };
    let shop = builder(&server).cookie_name("shop").on_login(hook);
    let members = builder(&server).on_login(hook).build().unwrap();
    for (name, other) in [("plain", plain), ("shop", shop.build().unwrap())] {
        let mut visitor = Visitor::new(super::app(&other));
        visitor.log_in(&server, "/login").await;
        assert_eq!(visitor.open("/castles").await.status, 200);

        let mut intruder = visitor.at(super::app(&members));
        let sent = visitor.jar[&format!("__Host-{name}_session")].clone();
        intruder.jar.insert("__Host-fief_session".into(), sent);
        assert_eq!(intruder.open("/castles").await.status, 303, "{name}");
    }
}
