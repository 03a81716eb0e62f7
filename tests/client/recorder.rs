use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::request::Parts, response::Json};
use serde_json::{Value, json};

/// A Fief that records requests, and responds to each with the same user.
pub(crate) struct Recorder {
    url: String,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
    parts: Parts,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new()
            .fallback(record)
            .with_state((url.clone(), Arc::clone(&requests)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, requests }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn last(&self) -> Recorded {
        self.requests.lock().unwrap().last().unwrap().clone()
    }
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.parts
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap())
    }

    /// Returns the form fields of the body, in order.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

type Recording = (String, Arc<Mutex<Vec<Recorded>>>);

async fn record(
    State((url, requests)): State<Recording>,
    parts: Parts,
    body: Bytes,
) -> Json<Value> {
    let path = parts.uri.path().to_owned();
    let (base, endpoint) = path.split_at(path.find("/.well-known/").unwrap_or_default());
    let response = match endpoint {
        "/.well-known/openid-configuration" => json!({
            "issuer": "https://fief.example.com",
            "authorization_endpoint": format!("{url}{base}/authorize"),
            "token_endpoint": format!("{url}{base}/api/token"),
            "userinfo_endpoint": format!("{url}{base}/api/userinfo"),
            "jwks_uri": format!("{url}{base}/.well-known/jwks.json"),
        }),
        "/.well-known/jwks.json" => json!({"keys": [{"kty": "RSA", "n": MODULUS, "e": "AQAB"}]}),
        _ => json!({"sub": "ca19f041-618e-417a-a68a-3840a568fb8f"}),
    };
    requests.lock().unwrap().push(Recorded {
        method: parts.method.to_string(),
        path,
        body: String::from_utf8(body.to_vec()).unwrap(),
        parts,
    });
    Json(response)
}

/// The modulus of a key that signs nothing.
const MODULUS: &str = "w7U4h2zXb3__NA9fxK6MB2jD4QhEdEX5EeIcfu5JwkHAj_Ofo_KDVsgPSiuGJaAK5aFUB9Lcm7o_BdusnniwAXTBrY4YmCTOYjDA5VqMZF9G7km48zQezDJbtVTBNFP-W0cA0Z_DU8q77DdQsG4Lyq2dd1vT87stDVE1ElNVyog2aKnIdlFFyiQPeJngreuYkqmurh4XFS2BA2kz9swcqTMU2KeiK2aluKxxS-h5Y4KcjtmOvVQyHP6fuiGLllTcL7aYAVNPb8f34VQzuI-0VWO6Ygep9FnqzCYZMN4IwEy3rjdFojDh28-0_L8UZ4ZAcZQHJNPKvz8C1imLMfT7fw";
