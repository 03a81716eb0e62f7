use std::{net::TcpStream, time::Duration};

use fief_client::{
    AuthorizationRequest, FiefAcr, FiefError,
    cli::{FiefAuth, FiefAuthError},
};
use fief_test_server::{Endpoint, Fault};
use reqwest::StatusCode;

use super::{ANNE, Browser, Events, Tool, get, mode};
use crate::client::wait_until;

/// L01
#[tokio::test]
async fn a_login_saves_the_user_and_the_tokens() {
    let tool = Tool::start().await;
    let events = Events::default();
    let browser = Browser::begin(events.record(tool.login())).await;

    let page = browser.redirect(&tool.server).await;
    let user = browser.result().await.unwrap();

    assert_eq!(user.email.as_deref(), Some(ANNE));
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(
        page.text()
            .await
            .unwrap()
            .contains("go back to the terminal")
    );
    assert_eq!(tool.saved()["userinfo"]["email"], ANNE);
    assert!(tool.saved()["tokens"]["refresh_token"].is_string());
    assert_eq!(events.names(), ["BrowserOpened", "Exchanging"]);
    assert_eq!(
        tool.folder.names(),
        ["credentials.json", "credentials.json.lock"]
    );
}

/// Q41
#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_access_the_credentials() {
    let tool = Tool::logged_in().await;

    let credentials = tool.folder.credentials();

    assert_eq!(mode(&credentials), 0o600);
    assert_eq!(mode(&tool.folder.path("credentials.json.lock")), 0o600);
    assert_eq!(mode(credentials.parent().unwrap()), 0o700);
}

/// L05
#[tokio::test]
async fn a_login_requests_a_refresh_token_with_pkce() {
    let tool = Tool::start().await;
    let request = AuthorizationRequest::new()
        .scope("castles")
        .scope("offline_access")
        .lang("fr");
    let browser = Browser::begin(tool.login().request(request)).await;

    assert_eq!(browser.parameter("scope"), "openid castles offline_access");
    assert_eq!(browser.parameter("code_challenge_method"), "S256");
    assert_eq!(browser.parameter("lang"), "fr");
    assert_eq!(browser.parameter("state").len(), 43);
    assert_eq!(browser.parameter("nonce").len(), 43);
    browser.canceller().abort();

    let plain = Browser::begin(tool.login()).await;
    assert_eq!(plain.parameter("scope"), "openid offline_access");
    plain.canceller().abort();
}

/// L02: Python's client requires no state.
#[tokio::test]
async fn a_redirect_without_a_code_ends_the_login() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;

    let page = get(&browser.stateful("foo=bar")).await;
    let result = browser.result().await;

    assert_eq!(page.status(), StatusCode::BAD_REQUEST);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(
        matches!(result, Err(FiefAuthError::AuthorizationCodeMissing)),
        "{result:?}"
    );
    assert!(tool.folder.names().is_empty());
}

/// Q40, CB-1: Fief's description is shown, escaped.
#[tokio::test]
async fn an_error_of_fief_ends_the_login_and_is_shown_escaped() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;
    let query = "error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E%27%22";

    let page = get(&browser.stateful(query)).await;
    let result = browser.result().await;

    assert_eq!(page.status(), StatusCode::BAD_REQUEST);
    let page = page.text().await.unwrap();
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&#39;&quot;"),
        "{page}"
    );
    assert!(!page.contains("<script"), "{page}");
    let denied = matches!(&result, Err(FiefAuthError::Fief(FiefError::Authorization { error, .. })) if error == "access_denied");
    assert!(denied, "{result:?}");
}

/// CB-3, Q41: anything on the machine, and any page in the browser, can send it.
#[tokio::test]
async fn a_wrong_state_does_not_end_the_login() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;
    let state = browser.parameter("state");
    for query in [
        String::new(),
        "code=CODE".to_owned(),
        "code=CODE&state=".to_owned(),
        "code=CODE&state=another".to_owned(),
        "error=access_denied&state=another".to_owned(),
        format!("code=CODE&state={}", &state[1..]),
        format!("code=CODE&state={state}&state={state}"),
        format!("code=CODE&state=another&state={state}"),
    ] {
        let page = get(&browser.address(&query)).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{query}");
        assert!(browser.is_waiting(), "{query}");
    }

    let page = browser.redirect(&tool.server).await;

    assert_eq!(page.status(), StatusCode::OK);
    assert!(browser.result().await.is_ok());
}

/// LF-12: with the login's state, what is malformed ends it.
#[tokio::test]
async fn a_malformed_redirect_ends_the_login_without_an_exchange() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;

    let page = get(&browser.stateful("code=CODE&code=CODE")).await;
    let result = browser.result().await;

    assert_eq!(page.status(), StatusCode::BAD_REQUEST);
    assert!(
        matches!(
            result,
            Err(FiefAuthError::Fief(FiefError::CallbackInvalid(_)))
        ),
        "{result:?}"
    );
    assert_eq!(tool.server.requests(Endpoint::Token), 0);
}

/// LF-4
#[tokio::test]
async fn a_code_is_sent_once() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;
    let address = browser.log_in(&tool.server).await;
    let reload = || {
        let address = address.clone();
        tokio::spawn(async move { reqwest::get(address).await })
    };

    let pages = [reload(), reload(), reload()];

    assert!(browser.result().await.is_ok());
    for page in pages {
        // The connections of the others are closed.
        let _ = page.await.unwrap();
    }
    assert_eq!(tool.server.requests(Endpoint::Token), 1);
}

#[tokio::test]
async fn a_rejected_code_ends_the_login() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;

    let page = get(&browser.stateful("code=CODE")).await;
    let result = browser.result().await;

    assert_eq!(page.status(), StatusCode::BAD_GATEWAY);
    assert!(
        matches!(result, Err(FiefAuthError::Fief(FiefError::Request { .. }))),
        "{result:?}"
    );
    assert!(tool.folder.names().is_empty());
}

#[tokio::test]
async fn a_login_ends_in_time_and_frees_its_port() {
    let tool = Tool::start().await;
    let login = tool.login().time_limit(Duration::from_millis(200));
    let browser = Browser::begin(login).await;
    let redirect_uri = browser.parameter("redirect_uri");

    let result = browser.result().await;

    assert!(matches!(result, Err(FiefAuthError::TimedOut)), "{result:?}");
    assert!(!result.unwrap_err().needs_login());
    assert!(connect(&redirect_uri).is_err());
    assert!(tool.folder.names().is_empty());
}

/// RB-5
#[tokio::test]
async fn a_login_that_is_dropped_leaves_nothing_behind() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;
    let redirect_uri = browser.parameter("redirect_uri");
    let held = connect(&redirect_uri).unwrap();

    browser.canceller().abort();

    wait_until(async || connect(&redirect_uri).is_err()).await;
    assert!(tool.folder.names().is_empty());
    drop(held);
}

#[tokio::test]
async fn a_login_that_fails_keeps_the_credentials_before() {
    let tool = Tool::logged_in().await;
    let before = tool.saved();
    let browser = Browser::begin(tool.login()).await;

    get(&browser.stateful("error=access_denied")).await;

    assert!(browser.result().await.is_err());
    assert_eq!(tool.saved(), before);
}

/// IT-11: what the request demands is checked, since the browser can leave it out if Fief has a session.
#[tokio::test]
async fn the_tokens_are_those_that_the_request_demands() {
    let tool = Tool::start().await;
    let mut visitor = fief_tests::Browser::new();
    let first = Browser::begin(tool.login()).await;
    visitor.open(first.url.as_str()).await;
    visitor.log_in(ANNE, "herminetincture").await;
    first.result().await.unwrap();
    tool.auth.logout().await.unwrap();
    let request = AuthorizationRequest::new().acr(FiefAcr::LevelOne);
    let second = Browser::begin(tool.login().request(request)).await;
    let mut url = second.url.clone();
    let pairs = crate::client::query(&url);
    let pairs = pairs.iter().filter(|(name, _)| name != "acr_values");
    url.query_pairs_mut().clear().extend_pairs(pairs);

    let page = visitor.open(url.as_str()).await;

    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    let result = second.result().await;
    let invalid = matches!(
        result,
        Err(FiefAuthError::Fief(FiefError::IdTokenInvalid(_)))
    );
    assert!(invalid, "{result:?}");
    assert_eq!(tool.folder.names(), ["credentials.json.lock"]);
}

#[tokio::test]
async fn a_redirect_uri_is_one_of_this_machine() {
    let tool = Tool::start().await;
    for uri in [
        "https://127.0.0.1:51562/callback",
        "http://0.0.0.0:51562/callback",
        "http://192.168.0.1:51562/callback",
        "http://[::1]:51562/callback",
        "http://example.com:51562/callback",
        "http://localhost.example.com/callback",
        "http://user@127.0.0.1:51562/callback",
        "http://127.0.0.1:51562/callback?a=b",
        "http://127.0.0.1:51562/callback#a",
        "/callback",
    ] {
        let login = tool.login().redirect_uri(uri);
        let result = login.time_limit(Duration::ZERO).await;
        let rejected = matches!(
            &result,
            Err(FiefAuthError::Fief(FiefError::Configuration(_)))
        );
        assert!(rejected, "{uri}: {result:?}");
    }
    assert_eq!(tool.server.requests(Endpoint::Discovery), 0);
}

/// For clients that are registered with it.
#[tokio::test]
async fn the_redirect_uri_can_name_localhost() {
    let tool = Tool::start().await;
    let login = tool.login().redirect_uri("http://localhost:0/");
    let browser = Browser::begin(login).await;
    assert!(
        browser
            .parameter("redirect_uri")
            .starts_with("http://localhost:")
    );

    let page = browser.redirect(&tool.server).await;

    assert_eq!(page.status(), StatusCode::OK);
    assert!(browser.result().await.is_ok());
}

#[tokio::test]
async fn a_fief_that_is_unreachable_fails_the_login_at_once() {
    let tool = Tool::start().await;
    tool.server.fault(Endpoint::Discovery, Fault::status(503));

    let result = tool.login().await;

    assert!(
        matches!(result, Err(FiefAuthError::Fief(FiefError::Request { .. }))),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_browser_that_does_not_open_is_an_event_with_the_url() {
    let tool = Tool::start().await;
    for login in [
        tool.login().without_browser(),
        tool.login()
            .browser(|_| Err(std::io::ErrorKind::NotFound.into())),
        tool.login().browser(|_| panic!("the browser")),
    ] {
        let events = Events::default();
        let login = events.record(login).time_limit(Duration::from_secs(10));
        let login = tokio::spawn(login.into_future());
        wait_until(async || !events.names().is_empty()).await;
        login.abort();
        assert_eq!(events.names(), ["BrowserUnavailable"]);
        assert!(events.0.lock().unwrap()[0].contains("/authorize"));
    }
}

#[test]
fn the_default_place_is_the_configuration_folder_of_the_tool() {
    let fief = || {
        fief_client::Fief::builder("https://fief.example.com", "id")
            .build()
            .unwrap()
    };
    let auth = FiefAuth::new(fief(), "castles").unwrap();
    assert!(auth.credentials_path().is_absolute());
    assert!(
        auth.credentials_path()
            .ends_with("castles/credentials.json")
    );
    for name in ["", ".", "..", "/", "a/b", "../a", "a/", "/etc"] {
        assert!(FiefAuth::new(fief(), name).is_err(), "{name:?}");
    }
}

/// LG-1
#[tokio::test]
async fn no_secret_is_shown() {
    let tool = Tool::logged_in().await;
    let shown = format!("{:?} {:?}", tool.auth, tool.login());
    for name in ["access_token", "refresh_token", "id_token"] {
        assert!(!shown.contains(&tool.saved_token(name)), "{name}: {shown}");
    }
}

fn connect(redirect_uri: &str) -> std::io::Result<TcpStream> {
    let url: url::Url = redirect_uri.parse().unwrap();
    TcpStream::connect(("127.0.0.1", url.port().unwrap()))
}
