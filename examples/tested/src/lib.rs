//! An application that is tested without a Fief to run: see `tests/app.rs`.
//!
//! ```sh
//! cargo test -p example-tested
//! ```

use axum::{
    Router,
    routing::{get, post},
};
use fief_axum::{CurrentUser, Error, FiefAuth, SessionKey};
use fief_client::Fief;

/// The application, given the parts that a test brings too.
pub fn app(fief: Fief, url: &str, session_key: SessionKey) -> Result<Router, Error> {
    let auth = FiefAuth::builder(fief).login(url, session_key).build()?;
    let create = auth.require().permission("castles:create");
    Ok(Router::new()
        .route("/castles", post(create_castle))
        .route_layer(create)
        .route("/", get(home))
        .route_layer(auth.require())
        .merge(auth.routes())
        .layer(auth.layer()))
}

async fn home(CurrentUser(user): CurrentUser) -> String {
    format!("Hello, {}", user.email.as_deref().unwrap_or("you"))
}

async fn create_castle() -> &'static str {
    "built"
}
