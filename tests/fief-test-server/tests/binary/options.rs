//! What the command line sets, and what the terminal shows.

use std::{env, fs, process};

use reqwest::Method;
use serde_json::{Value, json};

use crate::running::{Running, json, output, send};

/// FD-102
#[tokio::test]
async fn it_prints_the_settings_of_a_running_server() {
    let server = Running::start(&["--client-secret", "it's"]);
    assert_eq!(server.settings["FIEF_CLIENT_SECRET"], r"it'\''s");
    assert_eq!(server.settings["FIEF_USER_EMAIL"], "anne@example.com");
    let document = send(server.fief(Method::GET, "/.well-known/openid-configuration")).await;
    assert_eq!(document.json()["issuer"], *server.settings["FIEF_ISSUER"]);
}

/// FD-102
#[test]
fn it_rejects_unknown_options() {
    let output = output(&["--nope"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("invalid option '--nope'"), "{text}");
}

/// FD-102
#[tokio::test]
async fn a_code_for_a_new_address_is_printed() {
    let server = Running::controlled(&[]);
    let token = server.token(json!({"acr": "1"})).await;
    let authorization = format!("Bearer {token}");
    let request = server.fief(Method::PATCH, "/api/email/change");
    let request = request.header("authorization", &authorization);
    let body = json!({"email": "anne@example.org"});
    assert_eq!(send(json(request, &body)).await.status, 202);

    let line = server.error("code for anne@example.org");
    let code = line.rsplit(' ').next().unwrap();
    let request = server.fief(Method::POST, "/api/email/verify");
    let request = request.header("authorization", &authorization);
    let verified = send(json(request, &json!({ "code": code }))).await;
    assert_eq!(verified.json()["email"], "anne@example.org");
}

/// FD-102
#[tokio::test]
async fn a_wrong_redirect_uri_is_printed_with_the_right_one() {
    let server = Running::start(&["--redirect-uri", "http://127.0.0.1:3000/auth-callback"]);
    let path = "/authorize?response_type=code&scope=openid&client_id=castles\
                &redirect_uri=http://localhost:3000/auth-callback";
    assert_eq!(send(server.fief(Method::GET, path)).await.status, 400);
    let line = server.error("redirect URI");
    assert_eq!(
        line,
        "redirect URI \"http://localhost:3000/auth-callback\" is not one of client \"castles\": \
         http://127.0.0.1:3000/auth-callback"
    );
}

/// FD-102
#[tokio::test]
async fn users_clients_and_tenants_are_set_by_options() {
    let server = Running::controlled(&[
        "--user",
        "claude@example.com:salamander:castles:read,castles:create",
        "--field",
        "claude@example.com:first_name=Claude",
        "--field",
        "claude@example.com:newsletter=true",
        "--tenant",
        "second",
        "--client",
        "gardens:s3cret,encrypted",
        "--client",
        "other,tenant=second",
        "--token-lifetime",
        "60",
    ]);
    assert_eq!(server.settings["FIEF_CLIENT_ID"], "gardens");
    assert_eq!(server.settings["FIEF_CLIENT_SECRET"], "s3cret");
    assert!(server.settings["FIEF_ENCRYPTION_KEY"].contains("RSA"));
    let users = send(server.control(Method::GET, "/users")).await.json();
    assert_eq!(users.as_array().unwrap().len(), 1);
    assert_eq!(
        users[0]["permissions"],
        json!(["castles:read", "castles:create"])
    );
    assert_eq!(
        users[0]["fields"],
        json!({"first_name": "Claude", "newsletter": true})
    );

    let tokens = log_in(&server, "claude@example.com", "salamander").await;
    assert_eq!(tokens["expires_in"], 60);
    let id_token = tokens["id_token"].as_str().unwrap();
    assert_eq!(id_token.split('.').count(), 5, "it is encrypted");
    let document = server.fief(Method::GET, "/second/.well-known/openid-configuration");
    assert_eq!(send(document).await.status, 200);
}

/// FD-102
#[tokio::test]
async fn a_seed_file_sets_what_options_cannot() {
    let file = env::temp_dir().join(format!("fief-seed-{}.json", process::id()));
    let seed = json!({
        "tenants": ["second"],
        "fields": [{"slug": "newsletter", "type": "boolean", "default": false}],
        "clients": [{"id": "gardens", "secret": "s3cret", "token_lifetime": 30}],
        "users": [
            {"email": "a@example.com", "password": "a:b", "active": false},
            {"email": "b@example.com", "password": "x", "tenant": "second", "verified": false},
        ],
    });
    fs::write(&file, seed.to_string()).unwrap();
    let server = Running::controlled(&["--seed", file.to_str().unwrap()]);
    fs::remove_file(&file).unwrap();
    assert_eq!(server.settings["FIEF_USER_PASSWORD"], "a:b");
    let users = send(server.control(Method::GET, "/users")).await.json();
    assert_eq!(
        (&users[0]["is_active"], &users[0]["tenant"]),
        (&json!(false), &json!(""))
    );
    assert_eq!(users[0]["fields"], json!({"newsletter": false}));
    assert_eq!(users[1]["email_verified"], false);
    let token = server.token(json!({"user": "b@example.com"})).await;
    assert_eq!(server.userinfo("/second", &token).await, 200);
}

/// FD-102
#[test]
fn a_mistake_in_a_seed_file_is_named() {
    let file = env::temp_dir().join(format!("fief-bad-seed-{}.json", process::id()));
    fs::write(
        &file,
        r#"{"users": [{"email": "a@example.com", "pass": "x"}]}"#,
    )
    .unwrap();
    let output = output(&["--seed", file.to_str().unwrap()]);
    fs::remove_file(&file).unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("unknown field `pass`"), "{text}");
}

/// FD-102
#[tokio::test]
async fn a_token_is_printed() {
    let server = Running::controlled(&[]);
    let control = &server.settings["FIEF_CONTROL_URL"];
    let options = [
        "--user",
        "louis@example.com",
        "--permission",
        "castles:read",
    ];
    let arguments: Vec<&str> = ["token", "--control", control]
        .into_iter()
        .chain(options)
        .collect();
    let output = output(&arguments);
    let token = String::from_utf8(output.stdout).unwrap();
    assert_eq!(server.userinfo("", token.trim()).await, 200);
    let without = crate::running::output(&["token"]);
    let text = String::from_utf8_lossy(&without.stderr);
    assert!(text.contains("--control PORT"), "{text}");
}

/// FD-102
#[tokio::test]
async fn ids_of_users_are_the_same_at_each_start() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let server = Running::controlled(&["--user", "claude@example.com:salamander"]);
        let users = send(server.control(Method::GET, "/users")).await.json();
        ids.push(users[0]["sub"].clone());
    }
    assert_eq!(ids[0], ids[1]);
}

/// Logs a user in at the first client, and returns the tokens.
async fn log_in(server: &Running, email: &str, password: &str) -> Value {
    let client = &server.settings["FIEF_CLIENT_ID"];
    let path = format!(
        "/authorize?response_type=code&scope=openid&client_id={client}&redirect_uri=http://a/"
    );
    let response = send(server.fief(Method::GET, &path)).await;
    let login = response.headers["set-cookie"].to_str().unwrap();
    let login = login.split(';').next().unwrap().to_owned();
    let form = format!("email={email}&password={password}&csrf_token=x");
    let request = form_request(server, "/login", form);
    let response = send(request.header("cookie", format!("{login}; fief_csrftoken=x"))).await;
    let session = response.headers["set-cookie"].to_str().unwrap();
    let session = session.split(';').next().unwrap().to_owned();
    let request = server.fief(Method::GET, "/consent");
    let response = send(request.header("cookie", format!("{login}; {session}"))).await;
    let callback = response.headers["location"].to_str().unwrap();
    let code = callback.split_once("code=").unwrap().1;
    let secret = &server.settings["FIEF_CLIENT_SECRET"];
    let form = format!(
        "grant_type=authorization_code&code={code}&redirect_uri=http://a/&client_id={client}\
         &client_secret={secret}"
    );
    send(form_request(server, "/api/token", form)).await.json()
}

fn form_request(server: &Running, path: &str, form: String) -> reqwest::RequestBuilder {
    let request = server.fief(Method::POST, path).body(form);
    request.header("content-type", "application/x-www-form-urlencoded")
}
