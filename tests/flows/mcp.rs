use fief_test_server::{AccessTokenBuilder, FiefTestServer};
use fief_tests::Process;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

/// `examples/mcp` with a Fief that signs any token.
struct Mcp {
    fief: FiefTestServer,
    url: String,
    _process: Process,
}

impl Mcp {
    async fn start() -> Self {
        let fief = FiefTestServer::start().await;
        let variables = [
            ("FIEF_BASE_URL", fief.url()),
            ("FIEF_CLIENT_ID", fief.client_id()),
        ];
        let mut process = Process::start("example-mcp", &variables);
        Self {
            url: process.value_of("App"),
            _process: process,
            fief,
        }
    }

    /// Calls a tool and returns the response of the server.
    async fn call(&self, tool: &str, arguments: Value, token: AccessTokenBuilder) -> Value {
        let response = call(&self.url, tool, arguments, &token.mint()).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }
}

async fn call(url: &str, tool: &str, arguments: Value, token: &str) -> Response {
    let message = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    });
    let request = Client::new().post(url).bearer_auth(token);
    let request = request.header("accept", "application/json, text/event-stream");
    request.json(&message).send().await.unwrap()
}

fn text(response: &Value) -> &str {
    let text = response.pointer("/result/content/0/text");
    text.and_then(Value::as_str).unwrap_or_default()
}

/// RFC 9728: a client finds out where to get a token.
#[tokio::test]
async fn a_client_without_a_token_is_sent_to_fief() {
    let mcp = Mcp::start().await;

    let response = Client::new().post(&mcp.url).send().await.unwrap();

    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    let (_, metadata) = challenge.split_once("resource_metadata=\"").unwrap();
    let metadata = reqwest::get(metadata.trim_end_matches('"')).await.unwrap();
    let metadata: Value = metadata.json().await.unwrap();
    assert_eq!(metadata["resource"], mcp.url);
    assert_eq!(
        metadata["authorization_servers"],
        json!([mcp.fief.issuer()])
    );
    assert_eq!(metadata["scopes_supported"], json!(["openid"]));
    assert_eq!(metadata["resource_name"], "Castles");
}

#[tokio::test]
async fn each_tool_requires_what_it_says() {
    let mcp = Mcp::start().await;
    let token = || mcp.fief.access_token();
    let castle = json!({"name": "Suscinio"});

    let list = mcp.call("list", json!({}), token()).await;
    let who = mcp.call("who", json!({}), token()).await;
    let forbidden = mcp.call("build", castle.clone(), token()).await;
    let builder = token().permission("castles:create");
    let built = mcp.call("build", castle, builder).await;

    let anne = mcp.fief.user_id("anne@example.com").to_string();
    assert!(text(&list).contains("Suscinio"), "{list}");
    assert_eq!(text(&who), anne);
    assert_eq!(forbidden["error"]["message"], "insufficient_permissions");
    assert_eq!(text(&built), format!("{anne} has built Suscinio"));
}

/// Fief ignores `resource`, so the audience is the client that the MCP client is registered as.
#[tokio::test]
async fn tokens_of_the_mcp_client_are_accepted() {
    let mcp = Mcp::start().await;
    let token = |client: &str| mcp.fief.access_token().claim("aud", json!([client])).mint();

    let known = call(&mcp.url, "list", json!({}), &token("castles-mcp")).await;
    let other = call(&mcp.url, "list", json!({}), &token("other")).await;

    assert_eq!(known.status(), StatusCode::OK);
    assert_eq!(other.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_mcp_server_brings_its_own_fief() {
    let mut process = Process::start("example-mcp", &[]);
    let url = process.value_of("App");
    assert!(process.value_of("Fief").ends_with(" (embedded)"));
    let token = process.value_of("Token");

    let response = call(&url, "build", json!({"name": "Josselin"}), &token).await;

    assert!(
        response
            .text()
            .await
            .unwrap()
            .contains("has built Josselin")
    );
}
