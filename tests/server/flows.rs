use std::time::Duration;

use fief_test_server::{Client, FiefTestServer, User};
use serde_json::Value;

use super::{
    CALLBACK, EMAIL, PASSWORD, authorize_url, code, exchange, http,
    login::{Browser, location},
    mint::claims,
    parameter,
};

#[tokio::test]
async fn a_session_is_reused_with_a_lower_acr() {
    let server = FiefTestServer::start().await;
    let browser = Browser::logged_in(&server).await;
    let start = browser.get(authorize_url(&server, &[]).as_str()).await;
    assert_eq!(location(&start), "/consent");
    let callback = location(&browser.get(&location(&start)).await);
    let (_, tokens) = exchange(&server, &parameter(&callback, "code").unwrap()).await;
    assert_eq!(claims(tokens["access_token"].as_str().unwrap())["acr"], "0");
}

#[tokio::test]
async fn the_login_page_comes_when_it_is_requested() {
    let server = FiefTestServer::start().await;
    let browser = Browser::logged_in(&server).await;
    for more in [("prompt", "login"), ("acr_values", "1"), ("max_age", "0")] {
        let start = browser.get(authorize_url(&server, &[more]).as_str()).await;
        assert_eq!(location(&start), "/login", "{more:?}");
    }
    server.advance(Duration::from_secs(61));
    let start = browser
        .get(authorize_url(&server, &[("max_age", "60")]).as_str())
        .await;
    assert_eq!(location(&start), "/login");
}

/// Fief's step-up can be walked around; a client that trusts the ACR alone has to fail here.
#[tokio::test]
async fn consent_without_the_login_page_gives_the_higher_acr() {
    let server = FiefTestServer::start().await;
    let browser = Browser::logged_in(&server).await;
    server.advance(Duration::from_secs(600));
    browser
        .get(authorize_url(&server, &[("acr_values", "1")]).as_str())
        .await;
    let callback = location(&browser.get("/consent").await);
    let (_, tokens) = exchange(&server, &parameter(&callback, "code").unwrap()).await;
    let claims = claims(tokens["access_token"].as_str().unwrap());
    assert_eq!(claims["acr"], "1");
    let age = claims["iat"].as_u64().unwrap() - claims["auth_time"].as_u64().unwrap();
    assert!(age >= 600);
}

#[tokio::test]
async fn a_third_party_client_needs_consent_once() {
    let client = Client::new("stranger").third_party();
    let server = FiefTestServer::builder()
        .client(client)
        .start()
        .await
        .unwrap();
    let browser = Browser::logged_in(&server).await;
    browser.get(authorize_url(&server, &[]).as_str()).await;
    assert_eq!(browser.get("/consent").await.status(), 200);
    let denied = location(&browser.post("/consent", &[("deny", "Deny")]).await);
    assert_eq!(parameter(&denied, "error").unwrap(), "access_denied");

    browser.get(authorize_url(&server, &[]).as_str()).await;
    let allowed = location(&browser.post("/consent", &[("allow", "Allow")]).await);
    assert!(parameter(&allowed, "code").is_some());
    browser.get(authorize_url(&server, &[]).as_str()).await;
    assert!(parameter(&location(&browser.get("/consent").await), "code").is_some());
}

#[tokio::test]
async fn a_hybrid_response_is_in_the_fragment() {
    let server = FiefTestServer::start().await;
    let url = authorize_url(
        &server,
        &[("nonce", "n"), ("response_type", "code id_token token")],
    );
    let callback = server.log_in(EMAIL, &url).await;
    let (address, fragment) = callback.split_once('#').unwrap();
    assert_eq!(address, CALLBACK);
    for name in ["code=", "id_token=", "access_token=", "state=st"] {
        assert!(fragment.contains(name), "{name}");
    }
}

#[tokio::test]
async fn an_unverified_address_is_verified_with_a_code() {
    let user = User::new(EMAIL, PASSWORD).unverified();
    let server = FiefTestServer::builder().user(user).start().await.unwrap();
    let browser = Browser::logged_in(&server).await;
    browser.get(authorize_url(&server, &[]).as_str()).await;
    assert_eq!(browser.get("/consent").await.status(), 307);
    assert_eq!(location(&browser.get("/verify-request").await), "/verify");
    assert_eq!(
        browser.post("/verify", &[("code", "x")]).await.status(),
        400
    );

    let code = server.verification_code(EMAIL).unwrap();
    let verified = browser.post("/verify", &[("code", &code)]).await;
    assert_eq!(location(&verified), "/consent");
    assert!(parameter(&location(&browser.get("/consent").await), "code").is_some());
}

#[tokio::test]
async fn a_new_user_can_sign_up() {
    let server = FiefTestServer::start().await;
    let browser = Browser::new(&server);
    let start = browser
        .get(authorize_url(&server, &[("screen", "register")]).as_str())
        .await;
    assert_eq!(location(&start), "/register");
    let weak = [("email", "new@example.com"), ("password", "x")];
    assert_eq!(browser.post("/register", &weak).await.status(), 400);
    let taken = [("email", EMAIL), ("password", "salamander-and-swan")];
    let rejected = browser.post("/register", &taken).await;
    assert_eq!(rejected.headers()["x-fief-error"], "user_already_exists");
    let new = [
        ("email", "new@example.com"),
        ("password", "salamander-and-swan"),
    ];
    let registered = browser.post("/register", &new).await;
    assert_eq!(location(&registered), "/verify-request");
    browser.get("/verify-request").await;
    let code = server.verification_code("new@example.com").unwrap();
    browser.post("/verify", &[("code", &code)]).await;
    let callback = location(&browser.get("/consent").await);
    let (_, tokens) = exchange(&server, &parameter(&callback, "code").unwrap()).await;
    assert_eq!(
        claims(tokens["id_token"].as_str().unwrap())["email"],
        "new@example.com"
    );
}

#[tokio::test]
async fn logging_out_ends_the_session_and_goes_anywhere() {
    let server = FiefTestServer::start().await;
    let browser = Browser::logged_in(&server).await;
    let out = browser.get("/logout?redirect_uri=http://h:8080").await;
    assert_eq!(location(&out), "http://h:8080/");
    let start = browser.get(authorize_url(&server, &[]).as_str()).await;
    assert_eq!(location(&start), "/login");
    assert_eq!(
        browser.get("/logout").await.headers()["x-fief-error"],
        "invalid_request"
    );
    assert_eq!(browser.get("/logout?redirect_uri=rel").await.status(), 422);
}

#[tokio::test]
async fn a_tenant_has_its_own_issuer_key_and_users() {
    let server = FiefTestServer::builder()
        .tenant("second")
        .client(Client::new("first"))
        .client(Client::new("other").tenant("second"))
        .user(User::new(EMAIL, PASSWORD))
        .user(User::new("claude@example.com", "salamander-and-swan").tenant("second"))
        .start()
        .await
        .unwrap();
    let configuration = get_json(&server, "/second/.well-known/openid-configuration").await;
    assert_eq!(
        configuration["issuer"],
        format!("{}/second", server.issuer())
    );
    assert_eq!(
        configuration["token_endpoint"],
        format!("{}/second/api/token", server.url())
    );
    let [first, second] = ["/.well-known/jwks.json", "/second/.well-known/jwks.json"];
    assert_ne!(
        get_json(&server, first).await,
        get_json(&server, second).await
    );

    let start = http().get(format!(
        "{}/second/authorize?client_id=first&redirect_uri={CALLBACK}&response_type=code&scope=openid",
        server.url()
    ));
    let rejected = start.send().await.unwrap();
    assert_eq!(rejected.headers()["x-fief-error"], "invalid_client");
    let unknown = http().get(format!("{}/third/authorize", server.url()));
    assert_eq!(unknown.send().await.unwrap().status(), 400);
}

/// The hole that makes checking the audience necessary.
#[tokio::test]
async fn a_code_of_one_tenant_gets_tokens_of_another() {
    let server = FiefTestServer::builder()
        .tenant("second")
        .client(Client::new("other").secret("secret").tenant("second"))
        .user(User::new(EMAIL, PASSWORD).tenant("second"))
        .start()
        .await
        .unwrap();
    let url = format!(
        "{}/second/authorize?client_id=other&redirect_uri={CALLBACK}&response_type=code&scope=openid",
        server.url()
    );
    let callback = server.log_in(EMAIL, url).await;
    let (status, tokens) = exchange(&server, &parameter(&callback, "code").unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!(
        claims(tokens["access_token"].as_str().unwrap())["iss"],
        server.issuer()
    );
}

#[tokio::test]
async fn an_encrypted_id_token_has_five_parts() {
    let client = Client::new("castles").encrypted_id_tokens();
    let server = FiefTestServer::builder()
        .client(client)
        .start()
        .await
        .unwrap();
    let (_, tokens) = exchange(&server, &code(&server, &[]).await).await;
    let minted = server.id_token().encrypted().mint();
    for token in [tokens["id_token"].as_str().unwrap(), &minted] {
        assert_eq!(token.split('.').count(), 5);
    }
    let jwk: Value = serde_json::from_str(&server.encryption_key()).unwrap();
    for name in ["kty", "kid", "n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        assert!(jwk[name].is_string(), "{name}");
    }
}

#[tokio::test]
async fn codes_and_sessions_end() {
    let server = FiefTestServer::start().await;
    let browser = Browser::logged_in(&server).await;
    let code = code(&server, &[]).await;
    server.advance(Duration::from_secs(600));
    assert_eq!(exchange(&server, &code).await.0, 400);
    server.advance(Duration::from_secs(2_592_000));
    let start = browser.get(authorize_url(&server, &[]).as_str()).await;
    assert_eq!(location(&start), "/login");
}

#[tokio::test]
async fn contradictory_settings_are_rejected_at_the_start() {
    let same = User::new(EMAIL, PASSWORD);
    let builders = [
        FiefTestServer::builder().key_bits(1024),
        FiefTestServer::builder().tenant("Not a slug"),
        FiefTestServer::builder().client(Client::new("a").tenant("nowhere")),
        FiefTestServer::builder()
            .client(Client::new("a"))
            .client(Client::new("a")),
        FiefTestServer::builder().user(same.clone()).user(same),
    ];
    for builder in builders {
        let error = builder.start().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}

async fn get_json(server: &FiefTestServer, path: &str) -> Value {
    let response = http().get(format!("{}{path}", server.url())).send().await;
    response.unwrap().json().await.unwrap()
}
