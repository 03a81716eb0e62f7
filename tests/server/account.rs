use fief_test_server::{FiefTestServer, FieldType, User, UserField};
use reqwest::Method;
use serde_json::{Value, json};

use super::{EMAIL, PASSWORD, http, userinfo};

#[tokio::test]
async fn a_profile_update_sets_fields_and_resets_booleans() {
    let server = with_fields().await;
    let (status, user) = patch(
        &server,
        "profile",
        json!({"fields": {"first_name": "Louis"}}),
    )
    .await;
    assert_eq!(status, 200);
    let fields = json!({"first_name": "Louis", "news": false, "rank": "duke"});
    assert_eq!(user["fields"], fields);
}

#[tokio::test]
async fn a_profile_update_passes_over_what_is_not_the_users() {
    let server = with_fields().await;
    let before = userinfo(&server, &server.access_token().mint()).await;
    for body in [
        json!({}),
        json!({"email": "eve@example.com"}),
        json!({"fields": {"news": true, "rank": "king", "nope": 1, "first_name": null}}),
    ] {
        assert_eq!(patch(&server, "profile", body).await, before);
    }
}

#[tokio::test]
async fn bad_fields_are_listed_one_by_one() {
    let server = with_fields().await;
    let body = json!({"fields": {"first_name": "", "birthdate": "yesterday!", "age": 1.5}});
    let (status, response) = patch(&server, "profile", body).await;
    assert_eq!(status, 422);
    let entries = response["detail"].as_array().unwrap();
    let kinds: Vec<_> = entries
        .iter()
        .map(|entry| entry["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "date_from_datetime_parsing",
            "int_from_float",
            "string_too_short"
        ]
    );
    assert_eq!(entries[2]["loc"], json!(["body", "fields", "first_name"]));
    assert_eq!(entries[2]["ctx"], json!({"min_length": 1}));
}

#[tokio::test]
async fn each_type_keeps_what_fief_keeps() {
    let address = json!({"line1": "1", "line2": null, "postal_code": "2", "city": "3", "state": null, "country": "FR"});
    let given = json!({"line1": "1", "postal_code": "2", "city": "3", "country": "FR"});
    let choice = || FieldType::Choice(vec!["a".into(), "b".into()]);
    let rows = [
        (FieldType::Address, given, Ok(address)),
        (FieldType::Address, json!({}), Err("missing")),
        (FieldType::Address, json!("x"), Err("model_attributes_type")),
        (FieldType::Boolean, json!("yes"), Ok(json!(true))),
        (FieldType::Boolean, json!("x"), Err("bool_parsing")),
        (choice(), json!("a"), Ok(json!("a"))),
        (choice(), json!("z"), Err("enum")),
        (
            FieldType::Date,
            json!("2024-01-02T00:00:00"),
            Ok(json!("2024-01-02")),
        ),
        (
            FieldType::Date,
            json!("2024-13-02"),
            Err("date_from_datetime_parsing"),
        ),
        (FieldType::Date, json!([]), Err("date_type")),
        (
            FieldType::DateTime,
            json!("2024-01-02T03:04:05+00:00"),
            Ok(json!("2024-01-02T03:04:05+00:00")),
        ),
        (
            FieldType::DateTime,
            json!("2024-01-02"),
            Ok(json!("2024-01-02T00:00:00")),
        ),
        (
            FieldType::DateTime,
            json!("2024-01-02T03:04:05.5Z"),
            Ok(json!("2024-01-02T03:04:05.5Z")),
        ),
        (
            FieldType::DateTime,
            json!("x"),
            Err("datetime_from_date_parsing"),
        ),
        (FieldType::Integer, json!("12"), Ok(json!(12))),
        (FieldType::Integer, json!("x"), Err("int_parsing")),
        (FieldType::Integer, json!([]), Err("int_type")),
        (
            FieldType::PhoneNumber,
            json!("+33612345678"),
            Ok(json!("+33612345678")),
        ),
        (
            FieldType::PhoneNumber,
            json!("123"),
            Err("phone_number.missing_region"),
        ),
        (FieldType::String, json!(1), Err("string_type")),
        (
            FieldType::Timezone,
            json!("Europe/Paris"),
            Ok(json!("Europe/Paris")),
        ),
        (FieldType::Timezone, json!("x"), Err("timezone.invalid")),
    ];
    for (kind, value, expected) in rows {
        let field = UserField::new("f", kind);
        let server = FiefTestServer::builder()
            .user_field(field)
            .start()
            .await
            .unwrap();
        let (_, response) = patch(&server, "profile", json!({"fields": {"f": value}})).await;
        match expected {
            Ok(kept) => assert_eq!(response["fields"]["f"], kept),
            Err(kind) => assert_eq!(response["detail"][0]["type"], kind, "{value}"),
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_says_where() {
    let server = FiefTestServer::start().await;
    let response = http()
        .patch(format!("{}/api/profile", server.url()))
        .bearer_auth(server.access_token().mint())
        .body("[")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 422);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["detail"][0]["loc"], json!(["body", 1]));
    assert_eq!(body["detail"][0]["type"], "json_invalid");
}

#[tokio::test]
async fn a_password_changes_after_a_login() {
    let server = FiefTestServer::start().await;
    let body = json!({"password": "salamander-and-swan"});
    let low = call(&server, "0", Method::PATCH, "password", body.clone()).await;
    assert_eq!(low, (403, json!({"detail": "ACR_TOO_LOW"})));
    assert_eq!(patch(&server, "password", body).await.0, 200);
    let old = super::login::log_in_by_page(&server, PASSWORD).await;
    assert_eq!(
        old.unwrap_err().headers()["x-fief-error"],
        "bad_credentials"
    );
    super::login::log_in_by_page(&server, "salamander-and-swan")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_weak_password_is_rejected_with_reasons() {
    let server = FiefTestServer::start().await;
    let (status, body) = patch(&server, "password", json!({"password": "x"})).await;
    assert_eq!(
        (status, &body["detail"]),
        (400, &json!("USER_UPDATE_INVALID_PASSWORD"))
    );
    assert_eq!(body["reason"].as_array().unwrap().len(), 2);
    let (status, body) = patch(&server, "password", json!({})).await;
    assert_eq!(
        (status, &body["detail"][0]["type"]),
        (422, &json!("missing"))
    );
}

#[tokio::test]
async fn an_address_changes_when_its_code_comes_back() {
    let server = FiefTestServer::start().await;
    let new = json!({"email": "anne@bretagne.example.com"});
    let (status, user) = patch(&server, "email/change", new.clone()).await;
    assert_eq!((status, &user["email"]), (202, &json!(EMAIL)));

    let wrong = call(
        &server,
        "1",
        Method::POST,
        "email/verify",
        json!({"code": "x"}),
    )
    .await;
    assert_eq!(
        wrong.1["detail"],
        "USER_UPDATE_INVALID_EMAIL_VERIFICATION_CODE"
    );
    let code = json!({"code": server.verification_code(EMAIL).unwrap()});
    let (status, user) = call(&server, "1", Method::POST, "email/verify", code.clone()).await;
    assert_eq!((status, &user["email"]), (200, &new["email"]));
    let used = call(&server, "1", Method::POST, "email/verify", code).await;
    assert_eq!(used.0, 400);
}

#[tokio::test]
async fn a_taken_or_malformed_address_is_rejected() {
    let server = with_fields().await;
    let (status, body) = patch(
        &server,
        "email/change",
        json!({"email": "louis@example.com"}),
    )
    .await;
    assert_eq!(
        (status, body["detail"].as_str()),
        (400, Some("USER_UPDATE_EMAIL_ALREADY_EXISTS"))
    );
    let (status, body) = patch(&server, "email/change", json!({"email": "x"})).await;
    assert_eq!(
        (status, &body["detail"][0]["type"]),
        (422, &json!("value_error"))
    );
}

#[tokio::test]
async fn inactive_and_deleted_users_have_no_user_info() {
    let server = with_fields().await;
    let token = server.access_token().mint();
    server.set_active(EMAIL, false);
    assert_eq!(
        userinfo(&server, &token).await,
        (401, json!({"detail": "Unauthorized"}))
    );
    server.delete_user(EMAIL);
    assert_eq!(userinfo(&server, &token).await.0, 500);
}

async fn with_fields() -> FiefTestServer {
    let anne = User::new(EMAIL, PASSWORD)
        .field("first_name", "Anne")
        .field("news", true)
        .field("rank", "duke");
    FiefTestServer::builder()
        .user_field(UserField::new("birthdate", FieldType::Date))
        .user_field(UserField::new("age", FieldType::Integer))
        .user_field(UserField::new("rank", FieldType::String).read_only())
        .user(anne)
        .user(User::new("louis@example.com", "porcupine-and-crown"))
        .start()
        .await
        .unwrap()
}

async fn patch(server: &FiefTestServer, path: &str, body: Value) -> (u16, Value) {
    call(server, "1", Method::PATCH, path, body).await
}

async fn call(
    server: &FiefTestServer,
    acr: &str,
    method: Method,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let response = http()
        .request(method, format!("{}/api/{path}", server.url()))
        .bearer_auth(server.access_token().acr(acr).mint())
        .json(&body)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}
