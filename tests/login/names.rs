//! Several applications on one host.

use std::collections::HashSet;

use fief_axum::{FiefAuth, FiefAuthBuilder};
use fief_test_server::FiefTestServer;

use super::{Visitor, app, key};
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

/// FD-33, D11
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
    for name in ["", "a b", "a=b", "a;b", &"x".repeat(33)] {
        let error = at(&server, web::APP).cookie_name(name).build().unwrap_err();
        assert!(error.to_string().contains("cookie_name"), "{error}");
    }
}
