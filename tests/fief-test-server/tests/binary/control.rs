//! The API that controls the server.

use reqwest::Method;
use serde_json::{Value, json};

use crate::running::{Running, json, send};

/// FD-102
#[tokio::test]
async fn it_is_off_by_default() {
    let server = Running::start(&[]);
    assert!(!server.settings.contains_key("FIEF_CONTROL_URL"));
    for path in ["/openapi.json", "/clock/advance"] {
        let status = send(server.fief(Method::GET, path)).await.status;
        assert!(matches!(status, 307 | 404), "{path}: {status}");
    }
}

/// FD-102
#[tokio::test]
async fn its_document_describes_each_operation() {
    let server = Running::controlled(&[]);
    let document = send(server.control(Method::GET, "/openapi.json"))
        .await
        .json();
    // Deletions come last, so that what they delete is still there.
    let mut deletions = Vec::new();
    for (template, operations) in document["paths"].as_object().unwrap() {
        let operations = operations.as_object().unwrap();
        let documented: Vec<String> = operations.keys().map(|it| it.to_uppercase()).collect();
        assert_eq!(allowed(&server, template).await, documented, "{template}");
        for (method, operation) in operations {
            if method == "delete" {
                deletions.push((template, operation));
            } else {
                check(&server, method, template, operation).await;
            }
        }
    }
    for (template, operation) in deletions {
        check(&server, "delete", template, operation).await;
    }
}

/// FD-102
#[tokio::test]
async fn pages_of_other_sites_are_rejected() {
    let server = Running::controlled(&[]);
    let port = server.settings["FIEF_CONTROL_URL"]
        .rsplit(':')
        .next()
        .unwrap();
    let own = server.settings["FIEF_CONTROL_URL"].clone();
    for (name, value, status) in [
        ("host", format!("evil.example:{port}"), 403),
        ("host", "127.0.0.1".to_owned(), 403),
        ("host", format!("localhost:{port}"), 204),
        ("origin", "https://evil.example".to_owned(), 403),
        ("origin", "http://127.0.0.1:3000".to_owned(), 403),
        ("origin", "null".to_owned(), 403),
        ("origin", own, 204),
        ("sec-fetch-site", "cross-site".to_owned(), 403),
        ("sec-fetch-site", "same-site".to_owned(), 403),
        ("sec-fetch-site", "same-origin".to_owned(), 204),
    ] {
        let request = server
            .control(Method::DELETE, "/faults")
            .header(name, &value);
        assert_eq!(send(request).await.status, status, "{name}: {value}");
    }
    let preflight = server.control(Method::OPTIONS, "/users");
    let preflight = preflight.header("origin", "https://evil.example");
    let response = send(preflight.header("access-control-request-method", "POST")).await;
    assert_eq!(response.status, 403);
    assert!(!response.headers.contains_key("access-control-allow-origin"));
    let form = server.control(Method::POST, "/users").body("{}");
    assert_eq!(
        send(form.header("content-type", "text/plain")).await.status,
        400
    );
}

/// FD-102
#[tokio::test]
async fn tokens_expire_with_its_clock_and_its_keys() {
    let server = Running::controlled(&[]);
    let token = server.token(json!({})).await;
    assert_eq!(server.userinfo("", &token).await, 200);
    let expired = server.token(json!({"expires_in": -120})).await;
    assert_eq!(server.userinfo("", &expired).await, 401);

    let advance = json!({"seconds": 2 * 86_400});
    server.change(Method::POST, "/clock/advance", advance).await;
    assert_eq!(server.userinfo("", &token).await, 401);

    let token = server.token(json!({})).await;
    server
        .change(Method::POST, "/keys/rotate", Value::Null)
        .await;
    assert_eq!(server.userinfo("", &token).await, 401);
}

/// FD-102
#[tokio::test]
async fn users_are_deactivated_and_deleted() {
    let server = Running::controlled(&[]);
    let token = server.token(json!({"user": "louis@example.com"})).await;
    let path = "/users/louis@example.com";
    server
        .change(Method::PATCH, path, json!({"active": false}))
        .await;
    assert_eq!(server.userinfo("", &token).await, 401);
    server.change(Method::DELETE, path, Value::Null).await;
    assert_eq!(server.userinfo("", &token).await, 500);
    let request = server.control(Method::PATCH, path);
    assert_eq!(
        send(json(request, &json!({"active": true}))).await.status,
        404
    );
}

/// FD-102
#[tokio::test]
async fn endpoints_fail_and_count_their_requests() {
    let server = Running::controlled(&[]);
    let fault = json!({"kind": "status", "status": 503, "body": "busy"});
    server.change(Method::PUT, "/faults/userinfo", fault).await;
    let token = server.token(json!({})).await;
    assert_eq!(server.userinfo("", &token).await, 503);
    server.change(Method::DELETE, "/faults", Value::Null).await;
    assert_eq!(server.userinfo("", &token).await, 200);
    let counters = send(server.control(Method::GET, "/requests")).await.json();
    assert_eq!(
        (&counters["userinfo"], &counters["token"]),
        (&json!(2), &json!(0))
    );
}

/// FD-102
#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Running::controlled(&[]);
    for (method, path, body, status, text) in [
        (
            Method::PUT,
            "/faults/nothing",
            json!({"kind": "hang"}),
            404,
            "nothing",
        ),
        (
            Method::PUT,
            "/faults/token",
            json!({"kind": "other"}),
            400,
            "other",
        ),
        (
            Method::PUT,
            "/faults/token",
            json!({"kind": "status", "status": 99}),
            400,
            "99",
        ),
        (
            Method::POST,
            "/tokens",
            json!({"user": "x@example.com"}),
            400,
            "x@example.com",
        ),
        (
            Method::POST,
            "/clients",
            json!({"id": "castles"}),
            400,
            "castles",
        ),
        (
            Method::POST,
            "/clients",
            json!({"name": "castles"}),
            400,
            "id",
        ),
        (
            Method::POST,
            "/webhooks",
            json!({"url": "ftp://x", "secret": "s"}),
            400,
            "ftp",
        ),
        (
            Method::PUT,
            "/clock",
            json!({"time": u64::MAX}),
            400,
            "time",
        ),
    ] {
        let response = send(json(server.control(method, path), &body)).await;
        assert_eq!(response.status, status, "{path}: {}", response.body);
        let error = response.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(text), "{path}: {error}");
    }
}

/// Sends the example of an operation. The response must be one that the document has.
async fn check(server: &Running, method: &str, template: &str, operation: &Value) {
    let method: Method = method.to_uppercase().parse().unwrap();
    let request = server.control(method.clone(), &path(template, operation));
    let body = &operation["requestBody"]["content"]["application/json"]["example"];
    let response = send(json(request, body)).await;
    let documented = &operation["responses"][response.status.to_string()];
    assert!(
        response.status < 300,
        "{method} {template}: {}",
        response.body
    );
    assert!(
        documented.is_object(),
        "{method} {template}: {}",
        response.status
    );
    assert_eq!(
        documented["content"].is_object(),
        !response.body.is_empty(),
        "{method} {template}"
    );
    if let Some(required) =
        documented["content"]["application/json"]["schema"]["required"].as_array()
    {
        for name in required {
            assert!(
                response.json().get(name.as_str().unwrap()).is_some(),
                "{template}: {name}"
            );
        }
    }
}

/// Returns a path with the examples of its parameters.
fn path(template: &str, operation: &Value) -> String {
    let mut path = template.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = format!("{{{}}}", parameter["name"].as_str().unwrap());
        path = path.replace(&name, parameter["example"].as_str().unwrap());
    }
    path
}

/// Returns the methods that a path allows, sorted.
async fn allowed(server: &Running, template: &str) -> Vec<String> {
    let path = template.replace(['{', '}'], "");
    let response = send(server.control(Method::TRACE, &path)).await;
    assert_eq!(response.status, 405, "{template}");
    let allow = response.headers["allow"].to_str().unwrap().to_owned();
    let mut methods: Vec<String> = allow.split(',').map(str::to_owned).collect();
    methods.retain(|method| method != "HEAD");
    methods.sort_unstable();
    methods
}
