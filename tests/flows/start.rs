use std::net::TcpListener;

use fief_test_server::FiefTestServer;
use fief_tests::{Browser, Process};
use reqwest::StatusCode;

/// No settings are required.
#[tokio::test]
async fn the_web_application_brings_its_own_fief() {
    let mut web = Process::start("example-web", &[]);
    let (url, fief) = (web.value_of("App"), web.value_of("Fief"));
    let (fief, embedded) = fief.split_once(' ').unwrap();
    assert_eq!(embedded, "(embedded)");
    let account = web.value_of("Sign in as");
    let (email, password) = account.split_once(" / ").unwrap();

    let mut browser = Browser::new();
    let page = browser.open(&format!("{url}/castles")).await;
    assert!(page.url.as_str().starts_with(fief), "{}", page.url);
    let page = browser.log_in(email, password).await;
    assert_eq!(page.url.as_str(), format!("{url}/castles"));
    assert_eq!(page.status, StatusCode::OK);
}

/// D1: as in a container, where browsers reach Fief by another name.
#[tokio::test]
async fn the_web_application_sends_browsers_to_the_public_url_of_fief() {
    let server = FiefTestServer::start().await;
    let public = server.url().replace("127.0.0.1", "localhost");
    let variables = [
        ("LISTEN", "127.0.0.1"),
        ("FIEF_BASE_URL", server.url()),
        ("FIEF_PUBLIC_URL", &public),
        ("FIEF_CLIENT_ID", server.client_id()),
        ("FIEF_CLIENT_SECRET", server.client_secret()),
    ];
    let mut web = Process::start("example-web", &variables);
    let castles = format!("{}/castles", web.value_of("App"));

    let mut browser = Browser::new();
    let page = browser.open(&castles).await;
    assert!(page.url.as_str().starts_with(&public), "{}", page.url);
    let page = browser.log_in("anne@example.com", "herminetincture").await;
    assert_eq!(
        (page.status, page.url.as_str()),
        (StatusCode::OK, castles.as_str())
    );
}

/// D1
#[test]
fn the_web_application_uses_plain_http_in_a_trusted_network() {
    let variables = [
        ("FIEF_BASE_URL", "http://fief.example.com"),
        ("FIEF_CLIENT_ID", "id"),
        ("FIEF_INSECURE_HTTP", "true"),
    ];
    let mut web = Process::start("example-web", &variables);
    assert_eq!(web.value_of("Fief"), "http://fief.example.com");
}

#[tokio::test]
async fn the_api_brings_its_own_fief() {
    let mut api = Process::start("example-api", &[]);
    let url = api.value_of("App");
    assert!(api.value_of("Fief").ends_with(" (embedded)"));
    let response = reqwest::get(format!("{url}/me")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn a_port_in_use_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for package in [
        "example-web",
        "example-api",
        "example-members",
        "example-spa",
    ] {
        for name in ["PORT", "FIEF_PORT"] {
            assert_fails_to_start(package, &[(name, &port)], &[name, &port]);
        }
    }
    let api = [("API_PORT", port.as_str())];
    assert_fails_to_start("example-spa", &api, &["API_PORT", &port]);
}

#[test]
fn a_bad_setting_is_one_clear_line() {
    for package in [
        "example-web",
        "example-api",
        "example-members",
        "example-spa",
    ] {
        assert_fails_to_start(package, &[("PORT", "eighty")], &["PORT", "eighty"]);
        assert_fails_to_start(package, &[("PORT", "65536")], &["PORT", "65536"]);
        let base_url = [("FIEF_BASE_URL", "http://127.0.0.1:1")];
        assert_fails_to_start(package, &base_url, &["FIEF_CLIENT_ID"]);
        let base_url = [
            ("FIEF_BASE_URL", "fief.example.com"),
            ("FIEF_CLIENT_ID", "id"),
        ];
        assert_fails_to_start(package, &base_url, &["FIEF_BASE_URL"]);
        let insecure = [
            ("FIEF_BASE_URL", "http://fief.example.com"),
            ("FIEF_CLIENT_ID", "id"),
        ];
        assert_fails_to_start(package, &insecure, &["FIEF_BASE_URL"]);
    }
}

/// Asserts that the process ends with exit code 1 and one line on stderr that contains these words.
fn assert_fails_to_start(package: &str, variables: &[(&str, &str)], words: &[&str]) {
    let (status, stderr) = Process::start(package, variables).wait();
    assert_eq!(status.code(), Some(1), "{package} {variables:?}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{stderr:?} without {word:?}");
    }
}
