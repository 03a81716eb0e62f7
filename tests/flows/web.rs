use fief_tests::Browser;
use reqwest::{Method, StatusCode};

use super::site::{Site, Visit};

contract! {
    Site:
    everyone_may_see_the_home_page,
    a_visitor_logs_in_and_comes_back_to_the_page_asked_for,
    a_wrong_password_can_be_corrected,
    who_may_build_builds_a_castle,
    who_may_not_build_is_forbidden,
    a_script_is_refused_and_not_redirected,
    a_logout_ends_both_sessions,
}

const ANNE: (&str, &str) = ("anne@example.com", "herminetincture");
const LOUIS: (&str, &str) = ("louis@example.com", "porcupine-and-crown");

async fn everyone_may_see_the_home_page(site: &Site) {
    let page = Browser::new().visit(&site.url).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.hops.len(), 1);
}

async fn a_visitor_logs_in_and_comes_back_to_the_page_asked_for(site: &Site) {
    let mut browser = Browser::new();
    let page = browser.visit(&format!("{}/castles", site.url)).await;
    assert!(
        page.url.as_str().starts_with(&site.fief_url),
        "{}",
        page.url
    );
    let page = browser.log_in(ANNE.0, ANNE.1).await;
    assert_eq!(page.url.as_str(), format!("{}/castles", site.url));
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains(ANNE.0), "{}", page.body);
}

async fn a_wrong_password_can_be_corrected(site: &Site) {
    let Visit { mut browser, page } = site.log_in("/castles", ANNE.0, "wrong").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let page = browser.log_in(ANNE.0, ANNE.1).await;
    assert_eq!(page.url.path(), "/castles");
}

async fn who_may_build_builds_a_castle(site: &Site) {
    let Visit { mut browser, page } = site.log_in("/castles/create", ANNE.0, ANNE.1).await;
    assert_eq!(
        (page.status, page.url.path()),
        (StatusCode::OK, "/castles/create")
    );
    let page = browser
        .submit("/castles", &[("name", "Château de Fougères")])
        .await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/castles"));
    assert!(page.body.contains("Château de Fougères"), "{}", page.body);
}

async fn who_may_not_build_is_forbidden(site: &Site) {
    let Visit { mut browser, page } = site.log_in("/castles", LOUIS.0, LOUIS.1).await;
    assert!(page.body.contains(LOUIS.0), "{}", page.body);
    let form = browser.click("/castles/create").await;
    let post = browser.submit("/castles", &[("name", "Blois")]).await;
    assert_eq!(
        (form.status, post.status),
        (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN)
    );
    let page = browser.click("/castles").await;
    assert!(!page.body.contains("Blois"), "{}", page.body);
}

async fn a_script_is_refused_and_not_redirected(site: &Site) {
    let mut browser = Browser::new();
    browser.visit(&site.url).await;
    let answer = browser.fetch(Method::GET, "/castles").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.headers.contains_key("www-authenticate"));
}

async fn a_logout_ends_both_sessions(site: &Site) {
    let Visit { mut browser, .. } = site.log_in("/castles", ANNE.0, ANNE.1).await;
    let page = browser.submit("/logout", &[]).await;
    assert_eq!(page.url.as_str(), format!("{}/", site.url));
    assert!(page.passed("/logout"));
    assert!(!page.body.contains(ANNE.0), "{}", page.body);
    let page = browser.click("/castles").await;
    assert!(
        page.url.as_str().starts_with(&site.fief_url),
        "{}",
        page.url
    );
}
