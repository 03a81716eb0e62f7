use fief_tests::Browser;
use reqwest::{Method, StatusCode};

use super::site::{LoggedIn, Site};

contract! {
    Site:
    the_home_page_is_public,
    a_visitor_logs_in_and_comes_back_to_the_requested_page,
    a_wrong_password_can_be_corrected,
    a_user_with_the_permission_builds_a_castle,
    a_user_without_the_permission_is_forbidden,
    a_script_is_rejected_and_not_redirected,
    what_went_wrong_is_said_in_the_language_of_the_visitor,
    a_logout_ends_both_sessions,
}

const ANNE: (&str, &str) = ("anne@example.com", "herminetincture");
const LOUIS: (&str, &str) = ("louis@example.com", "porcupine-and-crown");

async fn the_home_page_is_public(site: &Site) {
    let page = Browser::new().open(&site.url).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.hops.len(), 1);
}

async fn a_visitor_logs_in_and_comes_back_to_the_requested_page(site: &Site) {
    let mut browser = Browser::new();
    let page = browser.open(&format!("{}/castles", site.url)).await;
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
    let LoggedIn { mut browser, page } = site.log_in("/castles", ANNE.0, "wrong").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let page = browser.log_in(ANNE.0, ANNE.1).await;
    assert_eq!(page.url.path(), "/castles");
}

async fn a_user_with_the_permission_builds_a_castle(site: &Site) {
    let LoggedIn { mut browser, page } = site.log_in("/castles/create", ANNE.0, ANNE.1).await;
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

async fn a_user_without_the_permission_is_forbidden(site: &Site) {
    let LoggedIn { mut browser, page } = site.log_in("/castles", LOUIS.0, LOUIS.1).await;
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

async fn a_script_is_rejected_and_not_redirected(site: &Site) {
    let mut browser = Browser::new();
    browser.open(&site.url).await;
    let response = browser.fetch(Method::GET, "/castles").await;
    assert_eq!(response.status, StatusCode::UNAUTHORIZED);
    assert!(response.headers.contains_key("www-authenticate"));
}

async fn what_went_wrong_is_said_in_the_language_of_the_visitor(site: &Site) {
    let texts = [
        (
            "en",
            "Not allowed",
            "You lack the permission castles:create.",
            "no such page",
            "Please log in again",
        ),
        (
            "fr-CH,fr;q=0.9,en;q=0.8",
            "Accès refusé",
            "Il vous manque la permission castles:create.",
            "n’existe pas",
            "Reconnectez-vous",
        ),
        (
            "de",
            "Not allowed",
            "You lack the permission castles:create.",
            "no such page",
            "Please log in again",
        ),
    ];
    for (language, title, text, nowhere, expired) in texts {
        let mut browser = Browser::with_language(language);
        browser.open(&format!("{}/castles/create", site.url)).await;
        let page = browser.log_in(LOUIS.0, LOUIS.1).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        for shown in [
            title,
            text,
            LOUIS.0,
            "/login?return_to=%2Fcastles%2Fcreate&amp;prompt=login",
        ] {
            let body = page.body.replace("&#38;", "&amp;");
            assert!(body.contains(shown), "{shown}: {body}");
        }
        let page = browser.open(&format!("{}/nowhere", site.url)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(
            page.body.contains(nowhere) && page.body.contains(LOUIS.0),
            "{}",
            page.body
        );
        browser.submit("/logout", &[]).await;
        let callback = format!("{}/auth-callback?code=a&state=b", site.url);
        let page = browser.open(&callback).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.body.contains(expired), "{}", page.body);
    }
}

async fn a_logout_ends_both_sessions(site: &Site) {
    let LoggedIn { mut browser, .. } = site.log_in("/castles", ANNE.0, ANNE.1).await;
    let page = browser.submit("/logout", &[]).await;
    assert_eq!(page.url.as_str(), format!("{}/", site.url));
    assert!(page.passed_through("/logout"));
    assert!(!page.body.contains(ANNE.0), "{}", page.body);
    let page = browser.click("/castles").await;
    assert!(
        page.url.as_str().starts_with(&site.fief_url),
        "{}",
        page.url
    );
}
