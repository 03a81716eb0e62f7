use reqwest::Method;
use serde_json::json;

use super::{
    Target,
    wire::{claims, members, send, text},
};

contract! {
    userinfo_is_the_user,
    an_id_token_is_taken_too,
    no_or_bad_credentials_are_unauthorized,
    a_token_elsewhere_than_in_the_header_does_not_count,
    the_schemes_case_does_not_matter,
    other_methods_are_not_allowed,
    a_slash_at_the_end_is_redirected,
}

async fn userinfo_is_the_user(fief: &Target) {
    let tokens = fief.tokens("main", "anne@example.com", &[]).await;
    for method in [Method::GET, Method::POST] {
        let response = fief
            .user_api(method, "/api/userinfo", text(&tokens["access_token"]), None)
            .await;
        assert_eq!(response.status, 200);
        let user = response.json();
        assert_eq!(
            members(&user),
            [
                "email",
                "email_verified",
                "fields",
                "is_active",
                "sub",
                "tenant_id"
            ]
        );
        let token = claims(&tokens["id_token"]);
        for name in members(&user) {
            assert_eq!(user[name], token[name], "{name}");
        }
    }
}

async fn an_id_token_is_taken_too(fief: &Target) {
    let tokens = fief.tokens("main", "anne@example.com", &[]).await;
    let response = fief
        .user_api(
            Method::GET,
            "/api/userinfo",
            text(&tokens["id_token"]),
            None,
        )
        .await;
    assert_eq!(response.status, 200);
}

async fn no_or_bad_credentials_are_unauthorized(fief: &Target) {
    let tokens = fief.tokens("main", "anne@example.com", &[]).await;
    let token = text(&tokens["access_token"]);
    let (unsigned, _) = token.rsplit_once('.').unwrap();
    let (_, payload) = unsigned.split_once('.').unwrap();
    let no_algorithm = format!("eyJhbGciOiJub25lIn0.{payload}.");
    let cases = [
        String::new(),
        "Bearer nonsense".into(),
        format!("Bearer {unsigned}.AAAA"),
        format!("Bearer {no_algorithm}"),
    ];
    for value in cases {
        let request = fief
            .request(Method::GET, "/api/userinfo")
            .header("authorization", &value);
        let response = send(request).await;
        assert_eq!(response.status, 401, "{value}");
        assert_eq!(response.json(), json!({"detail": "Unauthorized"}));
        assert_eq!(response.header("www-authenticate"), None);
    }
}

async fn a_token_elsewhere_than_in_the_header_does_not_count(fief: &Target) {
    let tokens = fief.tokens("main", "anne@example.com", &[]).await;
    let token = text(&tokens["access_token"]);
    let query = fief
        .get(&format!("/api/userinfo?access_token={token}"))
        .await;
    let form = fief
        .request(Method::POST, "/api/userinfo")
        .form(&[("access_token", token)]);
    assert_eq!((query.status, send(form).await.status), (401, 401));
}

async fn the_schemes_case_does_not_matter(fief: &Target) {
    let tokens = fief.tokens("main", "anne@example.com", &[]).await;
    let value = format!("bEARER {}", text(&tokens["access_token"]));
    let request = fief.request(Method::GET, "/api/userinfo");
    assert_eq!(
        send(request.header("authorization", value)).await.status,
        200
    );
}

async fn other_methods_are_not_allowed(fief: &Target) {
    for (method, path) in [
        (Method::DELETE, "/api/userinfo"),
        (Method::GET, "/api/profile"),
    ] {
        let response = send(fief.request(method, path)).await;
        assert_eq!(response.status, 405, "{path}");
        assert!(response.header("allow").is_some());
    }
}

async fn a_slash_at_the_end_is_redirected(fief: &Target) {
    let response = fief.get("/api/userinfo/").await;
    assert_eq!(response.status, 307);
    assert!(
        response
            .header("location")
            .unwrap()
            .ends_with("/api/userinfo")
    );
}
