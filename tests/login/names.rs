//! Several applications on one host.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use fief_axum::{FiefAuth, FiefAuthBuilder};
use fief_test_server::{FiefTestServer, User};

use super::{Visitor, app, key, page};
use crate::web;

fn at(server: &FiefTestServer, app_url: &str) -> FiefAuthBuilder {
    FiefAuth::builder(web::fief(server)).login(app_url, key())
}

/// FD-33, SE-14
#[tokio::test]
async fn two_applications_on_one_host_share_no_cookie() {
    let server = FiefTestServer::start().await;
    let urls = ["http://localhost:3000", "http://localhost:3001"];
    let [one, two] = urls.map(|url| app(&at(&server, url).build().unwrap()));
    let mut visitor = Visitor::new(one.clone());
    visitor.log_in(&server, "/login").await;
    let first: HashSet<_> = visitor.jar.keys().cloned().collect();
    let mut visitor = visitor.at(two);
    visitor.log_in(&server, "/login").await;
    assert_eq!(visitor.open("/castles").await.status, 200);
    visitor.open("/logout").await;
    assert!(first.iter().all(|name| visitor.jar.contains_key(name)));
    assert_eq!(visitor.at(one).open("/castles").await.status, 200);
}

/// FD-33, SE-14, D11
#[tokio::test]
async fn a_name_can_be_set() {
    let server = FiefTestServer::start().await;
    let auth = at(&server, web::APP).cookie_name("shop").build().unwrap();
    let mut visitor = Visitor::new(app(&auth));
    visitor.log_in(&server, "/login").await;
    assert!(
        visitor
            .jar
            .keys()
            .all(|name| name.starts_with("__Host-shop_"))
    );
    assert!(visitor.jar.contains_key("__Host-shop_session"));
    for name in ["", "a b", "a.b", "a=b", "a;b", "__Host-a", &"x".repeat(33)] {
        let error = at(&server, web::APP).cookie_name(name).build().unwrap_err();
        assert!(error.to_string().contains("cookie_name"), "{error}");
    }
}

/// Application, and the cookies of a browser that has one of each kind of it.
struct Application {
    name: String,
    /// Without cookies.
    visitor: Visitor,
    cookies: BTreeMap<String, String>,
}

impl Application {
    async fn start(server: &FiefTestServer, name: Option<&str>, app_url: &str) -> Self {
        let builder = at(server, app_url);
        let builder = match name {
            Some(name) => builder.cookie_name(name),
            None => builder,
        };
        let visitor = Visitor::new(app(&builder.build().unwrap()));
        let mut used = visitor.clone();
        used.log_in(server, "/login").await;
        server.advance(Duration::from_secs(61));
        assert_eq!(used.open("/castles").await.status, 200);
        used.log_in(server, "/login").await;
        used.open("/login").await;
        // The session in two chunks, the time of its last use, a login in progress and the number of logins.
        assert_eq!(used.jar.len(), 5, "{:?}", used.jar.keys());
        Self {
            name: format!("{name:?} at {app_url}"),
            visitor,
            cookies: used.jar,
        }
    }

    /// Asserts that a browser with the cookies of another application has none of this one, which leaves them alone.
    async fn assert_apart_from(&self, other: &Self) {
        let pair = format!("{}, {}", self.name, other.name);
        let mut visitor = self.visitor.clone();
        visitor.jar.clone_from(&other.cookies);
        let fresh = self.visitor.clone().open("/login").await;
        assert_eq!(visitor.open("/castles").await.status, 303, "{pair}");
        for _ in 0..5 {
            let login = visitor.open("/login").await;
            assert_eq!(login.status, fresh.status, "{pair}");
        }
        // Five logins of this application fit, and all cookies of the other one are there.
        assert_eq!(visitor.jar.len(), 5 + other.cookies.len(), "{pair}");
        let (_, cookies) = visitor.send_once(page("/logout", "none")).await;
        let cleared: Vec<_> = cookies.iter().filter_map(|c| c.split('=').next()).collect();
        assert_eq!(cleared.len(), 5, "{pair}: {cleared:?}");
        for (name, value) in &other.cookies {
            assert_eq!(visitor.jar.get(name), Some(value), "{pair}: {name}");
            assert!(!self.cookies.contains_key(name), "{pair}: {name}");
            assert!(!cleared.contains(&name.as_str()), "{pair}: {name}");
        }
    }
}

/// Returns names that resemble cookies of one another.
fn resembling_names() -> Vec<String> {
    let ends = ["", "_login", "_logins", "_seen", "_session"];
    let names = ["fief", "fief_login_abcdefgh", "shop", "shop_login"]
        .map(|first| ends.map(|end| format!("{first}{end}")));
    let names: BTreeSet<_> = names.into_iter().flatten().collect();
    names.into_iter().collect()
}

/// FD-33, SE-14
#[tokio::test]
async fn no_two_applications_share_cookies_however_they_are_named() {
    let permissions = (0..120).map(|n| format!("castles:permission-{n}"));
    let user = permissions.fold(User::new(web::EMAIL, "herminetincture"), User::permission);
    let server = FiefTestServer::builder().user(user).start().await.unwrap();
    let mut applications = Vec::new();
    for app_url in ["http://localhost:3000", "http://localhost:3001", web::APP] {
        applications.push(Application::start(&server, None, app_url).await);
    }
    for name in resembling_names() {
        applications.push(Application::start(&server, Some(&name), web::APP).await);
    }
    for one in &applications {
        for other in applications.iter().filter(|other| other.name != one.name) {
            one.assert_apart_from(other).await;
        }
    }
}
