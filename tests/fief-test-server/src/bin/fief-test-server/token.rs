//! The sub-command `token`.

use std::env;

use serde_json::Value;
use tokio::runtime;

use super::minted::Minted;

/// A token, and the server that is to sign it.
#[derive(Debug, Default)]
pub(crate) struct TokenRequest {
    /// URL of the control API. Default: that of the environment.
    pub(crate) control: Option<String>,
    pub(crate) minted: Minted,
}

/// Prints a token that a running server signs.
pub(crate) fn print_token(request: &TokenRequest) -> Result<(), String> {
    let url = match &request.control {
        Some(url) => url.clone(),
        None => env::var("FIEF_CONTROL_URL").map_err(|_| NO_CONTROL.to_owned())?,
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let token = runtime.block_on(fetch_token(&url, &request.minted))?;
    println!("{token}");
    Ok(())
}

async fn fetch_token(url: &str, minted: &Minted) -> Result<String, String> {
    let body = serde_json::to_vec(minted).map_err(|error| error.to_string())?;
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build();
    let client = client.map_err(|error| error.to_string())?;
    let request = client.post(format!("{}/tokens", url.trim_end_matches('/')));
    let request = request
        .header("content-type", "application/json")
        .body(body);
    let response = request
        .send()
        .await
        .map_err(|error| format!("{url}: {error}"))?;
    let is_success = response.status().is_success();
    let text = response.text().await.map_err(|error| error.to_string())?;
    let body: Value = serde_json::from_str(&text).map_err(|_| format!("{url}: {text}"))?;
    match body.get("access_token").and_then(Value::as_str) {
        Some(token) if is_success => Ok(token.to_owned()),
        _ => Err(format!("{url}: {text}")),
    }
}

const NO_CONTROL: &str = "no server: start one with --control PORT, and set FIEF_CONTROL_URL to what \
                          it prints";
