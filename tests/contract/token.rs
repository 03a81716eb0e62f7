use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{
    Target,
    wire::{members, send, text},
};

contract! {
    a_code_becomes_tokens,
    a_refresh_token_comes_only_when_requested,
    wrong_credentials_are_an_invalid_client,
    credentials_may_come_in_the_header,
    a_header_that_is_no_base64_is_unauthorized,
    a_code_works_once,
    a_failed_exchange_does_not_use_the_code_up,
    a_code_is_for_its_client_and_its_address,
    a_code_expires,
    the_verifier_must_fit_the_challenge,
    a_plain_challenge_is_the_verifier,
    a_verifier_without_a_challenge_is_rejected,
    a_public_client_needs_a_verifier_and_no_secret,
    a_missing_parameter_is_an_invalid_request,
    other_grants_are_not_supported,
}

const ANNE: &str = "anne@example.com";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const S256: [(&str, Option<&str>); 2] = [
    ("code_challenge", Some(CHALLENGE)),
    ("code_challenge_method", Some("S256")),
];

async fn a_code_becomes_tokens(fief: &Target) {
    let code = fief.code("main", ANNE, &[]).await;
    let response = fief.exchange(fief.client("main"), &code).await;
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("pragma"), Some("no-cache"));
    let tokens = response.json();
    assert_eq!(
        members(&tokens),
        ["access_token", "expires_in", "id_token", "token_type"]
    );
    assert_eq!(tokens["token_type"], "bearer");
    assert_eq!(tokens["expires_in"], 86_400);
}

async fn a_refresh_token_comes_only_when_requested(fief: &Target) {
    let scope = [("scope", Some("openid offline_access"))];
    let tokens = fief.tokens("main", ANNE, &scope).await;
    assert_eq!(text(&tokens["refresh_token"]).len(), 43);
}

async fn wrong_credentials_are_an_invalid_client(fief: &Target) {
    let main = fief.client("main");
    let code = fief.code("main", ANNE, &[]).await;
    for (id, secret) in [
        (&*main.id, "wrong"),
        ("nobody", &*main.secret),
        (&*main.id, ""),
    ] {
        let form = fief.exchange_form(id, secret, &code);
        let response = fief.token(main, &form).await;
        assert_eq!(response.status, 400);
        assert_eq!(response.json(), json!({"error": "invalid_client"}));
        assert_eq!(response.header("www-authenticate"), None);
    }
}

async fn credentials_may_come_in_the_header(fief: &Target) {
    let main = fief.client("main");
    let code = fief.code("main", ANNE, &[]).await;
    let form = &fief.exchange_form("", "", &code)[2..];
    let request = fief.request(Method::POST, "/api/token").form(form);
    let response = send(request.basic_auth(&main.id, Some(&main.secret))).await;
    assert_eq!(response.status, 200, "{response:?}");
}

async fn a_header_that_is_no_base64_is_unauthorized(fief: &Target) {
    let request = fief.request(Method::POST, "/api/token");
    let request = request.form(&[("grant_type", "authorization_code")]);
    let response = send(request.header("authorization", "Basic %%%")).await;
    assert_eq!(response.status, 401);
    assert_eq!(response.header("www-authenticate"), Some("Basic"));
    assert_eq!(
        response.json(),
        json!({"detail": "Invalid authentication credentials"})
    );
}

async fn a_code_works_once(fief: &Target) {
    let main = fief.client("main");
    let code = fief.code("main", ANNE, &[]).await;
    assert_eq!(fief.exchange(main, &code).await.status, 200);
    let again = fief.exchange(main, &code).await;
    assert_eq!(
        (again.status, again.json()),
        (400, json!({"error": "invalid_grant"}))
    );
}

async fn a_failed_exchange_does_not_use_the_code_up(fief: &Target) {
    let main = fief.client("main");
    let code = fief.code("main", ANNE, &S256).await;
    assert_eq!(fief.exchange(main, &code).await.status, 400);
    let mut form = fief.exchange_form(&main.id, &main.secret, &code);
    form.push(("code_verifier", VERIFIER));
    assert_eq!(fief.token(main, &form).await.status, 200);
}

async fn a_code_is_for_its_client_and_its_address(fief: &Target) {
    let main = fief.client("main");
    let code = fief.code("main", ANNE, &[]).await;
    let other = fief.exchange(fief.client("other"), &code).await;
    assert_eq!(other.json(), json!({"error": "invalid_grant"}));
    let mut form = fief.exchange_form(&main.id, &main.secret, &code);
    form.retain(|(name, _)| *name != "redirect_uri");
    form.push(("redirect_uri", "http://127.0.0.1:3000/elsewhere"));
    assert_eq!(
        fief.token(main, &form).await.json(),
        json!({"error": "invalid_grant"})
    );
    assert_eq!(
        fief.exchange(main, "unknown").await.json(),
        json!({"error": "invalid_grant"})
    );
}

async fn a_code_expires(fief: &Target) {
    let code = fief.code("short", ANNE, &[]).await;
    fief.advance(Duration::from_secs(11)).await;
    let response = fief.exchange(fief.client("short"), &code).await;
    assert_eq!(response.json(), json!({"error": "invalid_grant"}));
}

async fn the_verifier_must_fit_the_challenge(fief: &Target) {
    let main = fief.client("main");
    let code = fief.code("main", ANNE, &S256).await;
    for (verifier, status) in [(CHALLENGE, 400), ("", 400), (VERIFIER, 200)] {
        let mut form = fief.exchange_form(&main.id, &main.secret, &code);
        form.push(("code_verifier", verifier));
        assert_eq!(fief.token(main, &form).await.status, status, "{verifier}");
    }
}

async fn a_plain_challenge_is_the_verifier(fief: &Target) {
    let main = fief.client("main");
    let plain = [("code_challenge", Some(VERIFIER))];
    let code = fief.code("main", ANNE, &plain).await;
    let mut form = fief.exchange_form(&main.id, &main.secret, &code);
    form.push(("code_verifier", VERIFIER));
    assert_eq!(fief.token(main, &form).await.status, 200);
}

async fn a_verifier_without_a_challenge_is_rejected(fief: &Target) {
    let main = fief.client("main");
    let code = fief.code("main", ANNE, &[]).await;
    let mut form = fief.exchange_form(&main.id, &main.secret, &code);
    form.push(("code_verifier", VERIFIER));
    assert_eq!(
        fief.token(main, &form).await.json(),
        json!({"error": "invalid_grant"})
    );
}

async fn a_public_client_needs_a_verifier_and_no_secret(fief: &Target) {
    let public = fief.client("public");
    let code = fief.code("public", ANNE, &S256).await;
    let mut form = fief.exchange_form(&public.id, "", &code);
    form.retain(|(name, _)| *name != "client_secret");
    assert_eq!(
        fief.token(public, &form).await.json(),
        json!({"error": "invalid_client"})
    );
    form.push(("code_verifier", VERIFIER));
    assert_eq!(fief.token(public, &form).await.status, 200);
}

async fn a_missing_parameter_is_an_invalid_request(fief: &Target) {
    let main = fief.client("main");
    for missing in ["grant_type", "code", "redirect_uri"] {
        let mut form = fief.exchange_form(&main.id, &main.secret, "code");
        form.retain(|(name, _)| *name != missing);
        let response = fief.token(main, &form).await;
        assert_eq!(response.status, 400);
        assert_eq!(
            response.json(),
            json!({"error": "invalid_request"}),
            "{missing}"
        );
    }
}

async fn other_grants_are_not_supported(fief: &Target) {
    let main = fief.client("main");
    for grant in ["client_credentials", "password"] {
        let form = [
            ("grant_type", grant),
            ("client_id", &main.id),
            ("client_secret", &main.secret),
        ];
        let response = fief.token(main, &form).await;
        assert_eq!(response.json(), json!({"error": "unsupported_grant_type"}));
    }
}

impl Target {
    fn exchange_form<'a>(
        &'a self,
        id: &'a str,
        secret: &'a str,
        code: &'a str,
    ) -> Vec<(&'static str, &'a str)> {
        vec![
            ("client_id", id),
            ("client_secret", secret),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.seed.redirect_uri),
        ]
    }
}
