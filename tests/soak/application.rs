//! The application under load: a process of its own.

use std::{
    env,
    io::Read,
    process, thread,
    time::{Duration, UNIX_EPOCH},
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use fief_axum::{
    Authenticated, CurrentUser, FiefAuth, SessionKey, fief_client::Fief,
    fief_client::webhook::WebhookVerifier,
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower_sessions_redis_store::{
    RedisStore,
    fred::{
        prelude::*,
        types::config::{Config, ReconnectPolicy},
    },
};

use super::planted::{Planted, plant};

/// The variable with the settings of the process.
pub const VARIABLE: &str = "FIEF_SOAK_APPLICATION";
/// What the process runs of this binary.
pub const TEST: &str = "application::serves";

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Settings {
    pub port: u16,
    pub fief: String,
    pub client_id: String,
    pub client_secret: String,
    pub webhook_secret: String,
    /// Sessions are in cookies without one.
    pub redis: Option<String>,
    /// How long Fief may take, in seconds, if it is given longer than by default.
    pub fief_timeout: Option<u64>,
    /// In seconds.
    pub session_lifetime: u64,
    pub planted: Option<Planted>,
}

/// Not a test: the other processes run it, and nothing else of this binary.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "is the application of the soak"]
async fn serves() {
    let Ok(settings) = env::var(VARIABLE) else {
        return;
    };
    end_with_parent();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let settings: Settings = serde_json::from_str(&settings).unwrap();
    let app = plant(settings.planted, app(&auth(&settings).await));
    let app = app.route("/bare", get(async || "bare"));
    let listener = listen(settings.port).await;
    axum::serve(listener, app).await.unwrap();
}

/// Exits when the other end of stdin is closed.
fn end_with_parent() {
    thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        process::exit(0);
    });
}

/// Listens at a port that a process before it may have used a moment ago.
async fn listen(port: u16) -> TcpListener {
    for _ in 0..100 {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
            return listener;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the port is in use");
}

async fn auth(settings: &Settings) -> FiefAuth {
    let mut fief = Fief::builder(&settings.fief, &settings.client_id)
        .client_secret(settings.client_secret.clone())
        // All clocks are those of one machine.
        .leeway(Duration::ZERO);
    if let Some(seconds) = settings.fief_timeout {
        fief = fief.timeout(Duration::from_secs(seconds));
    }
    let fief = fief.build().unwrap();
    let key = SessionKey::from_bytes(b"a key of thirty-two random bytes").unwrap();
    let verifier = WebhookVerifier::new(settings.webhook_secret.clone()).unwrap();
    let lifetime = Duration::from_secs(settings.session_lifetime);
    let mut builder = FiefAuth::builder(fief)
        .login("https://app.example.com", key)
        .offline_access()
        .session_lifetime(lifetime)
        .idle_timeout(lifetime)
        .user_cache_ttl(Duration::from_secs(10))
        .ready_route("/ready")
        .webhooks("/webhooks", verifier);
    if let Some(url) = &settings.redis {
        builder = builder.session_store(RedisStore::new(connect(url).await));
    }
    builder.build().unwrap()
}

/// Connects to a Redis that may be restarted.
async fn connect(url: &str) -> Pool {
    let config = Config::from_url(url).unwrap();
    let policy = ReconnectPolicy::new_constant(0, 100);
    let pool = Pool::new(config, None, None, Some(policy), 4).unwrap();
    pool.init().await.unwrap();
    pool
}

fn app(auth: &FiefAuth) -> Router {
    Router::new()
        .route("/me", get(me))
        .route("/user", get(user))
        .route("/everywhere", post(everywhere))
        .route_layer(auth.require())
        .route("/open", get(open))
        .merge(auth.routes())
        .with_state(auth.clone())
        .layer(auth.layer())
}

async fn me(Authenticated(token): Authenticated) -> ([(&'static str, String); 1], String) {
    let issued_at = token.issued_at().duration_since(UNIX_EPOCH).unwrap();
    let body = format!("{} {}", token.id(), token.permissions().join(","));
    ([("x-issued-at", issued_at.as_secs().to_string())], body)
}

async fn user(CurrentUser(user): CurrentUser) -> String {
    format!("{} {}", user.sub, user.email.as_deref().unwrap_or_default())
}

async fn open(token: Option<Authenticated>) -> String {
    match token {
        Some(Authenticated(token)) => token.id().to_string(),
        None => "anonymous".into(),
    }
}

/// Logs the user out everywhere.
async fn everywhere(
    State(auth): State<FiefAuth>,
    Authenticated(token): Authenticated,
) -> StatusCode {
    match auth.revoke_user_sessions(token.id()).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
