use serde_json::json;

use super::{
    Target,
    wire::{members, send, text},
};

contract! {
    the_document_is_complete,
    endpoints_follow_the_requested_host,
    endpoints_follow_the_proxys_headers,
    nothing_says_how_long_to_cache,
    the_default_tenants_slug_is_a_prefix_too,
    an_unknown_tenant_is_a_bad_request,
    an_unknown_path_is_not_found,
    there_is_one_key_and_it_names_no_algorithm,
}

const DOCUMENT: &str = "/.well-known/openid-configuration";

async fn the_document_is_complete(fief: &Target) {
    let base = &fief.base_url;
    let expected = json!({
        "issuer": fief.issuer,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/api/token"),
        "userinfo_endpoint": format!("{base}/api/userinfo"),
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "registration_endpoint": format!("{base}/register"),
        "scopes_supported": ["openid", "offline_access"],
        "response_types_supported": ["code", "code id_token", "code token", "code id_token token"],
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "service_documentation": "https://docs.fief.dev",
        "code_challenge_methods_supported": ["plain", "S256"],
        "acr_values_supported": ["0", "1"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "id_token_encryption_alg_values_supported": ["RSA-OAEP-256"],
        "id_token_encryption_enc_values_supported": ["A256CBC-HS512"],
        "userinfo_signing_alg_values_supported": ["none"],
        "claims_supported": ["email", "email_verified", "is_active", "tenant_id", "fields"],
        "request_parameter_supported": false,
    });
    let response = fief.get(DOCUMENT).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json(), expected);
    assert!(fief.issuer.starts_with("https://"));
}

async fn endpoints_follow_the_requested_host(fief: &Target) {
    let request = fief.request(reqwest::Method::GET, DOCUMENT);
    let document = send(request.header("host", "fief.example.com:9000"))
        .await
        .json();
    assert_eq!(
        document["token_endpoint"],
        "http://fief.example.com:9000/api/token"
    );
    assert_eq!(document["issuer"], fief.issuer.as_str());
}

async fn endpoints_follow_the_proxys_headers(fief: &Target) {
    let request = fief.request(reqwest::Method::GET, DOCUMENT);
    let request = request.header("x-forwarded-host", "auth.example.com");
    let document = send(request.header("x-forwarded-proto", "https"))
        .await
        .json();
    assert_eq!(
        document["authorization_endpoint"],
        "https://auth.example.com/authorize"
    );
    assert_eq!(document["issuer"], fief.issuer.as_str());
}

async fn nothing_says_how_long_to_cache(fief: &Target) {
    for path in [DOCUMENT, "/.well-known/jwks.json"] {
        let response = fief.get(path).await;
        assert_eq!(response.header("content-type"), Some("application/json"));
        assert_eq!(response.header("cache-control"), None);
        assert_eq!(response.header("etag"), None);
    }
}

async fn the_default_tenants_slug_is_a_prefix_too(fief: &Target) {
    let plain = fief.get(DOCUMENT).await.json();
    let prefixed = fief.get(&format!("/default{DOCUMENT}")).await.json();
    assert_eq!(prefixed, plain);
}

async fn an_unknown_tenant_is_a_bad_request(fief: &Target) {
    let response = fief.get(&format!("/nobody{DOCUMENT}")).await;
    assert_eq!(response.status, 400);
    assert_eq!(response.json(), json!({"detail": "Bad Request"}));
}

async fn an_unknown_path_is_not_found(fief: &Target) {
    let response = fief.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(response.status, 404);
    assert_eq!(response.json(), json!({"detail": "Not Found"}));
}

async fn there_is_one_key_and_it_names_no_algorithm(fief: &Target) {
    let set = fief.get("/.well-known/jwks.json").await.json();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(members(&keys[0]), ["e", "kid", "kty", "n", "use"]);
    assert_eq!(
        (&keys[0]["kty"], &keys[0]["use"]),
        (&json!("RSA"), &json!("sig"))
    );
    assert_eq!(text(&keys[0]["kid"]).len(), 43);
}
