use axum::{Json, extract::Path};
use fief_axum::{Authenticated, Authorized, CurrentUser, Policy};
use fief_client::{FiefAccessTokenInfo, Requirements};
use serde::Serialize;

/// What `create` requires, wherever it is mounted.
pub struct CanCreateCastles;

impl Policy for CanCreateCastles {
    fn requirements() -> Requirements {
        Requirements::new().permission("castles:create")
    }
}

/// Greets you.
#[utoipa::path(get, path = "/", responses((status = 200)))]
pub async fn hello(user: Option<CurrentUser>) -> String {
    let email = user.and_then(|CurrentUser(user)| user.email.clone());
    format!("Hello, {}", email.as_deref().unwrap_or("stranger"))
}

/// Tells what your token says.
#[utoipa::path(get, path = "/me", responses((status = 200)))]
pub async fn me(Authenticated(token): Authenticated) -> Json<FiefAccessTokenInfo> {
    Json(token)
}

#[derive(Serialize)]
pub struct Castle {
    name: String,
}

/// Lists the castles.
#[utoipa::path(get, path = "/castles", responses((status = 200)))]
pub async fn list() -> Json<Vec<Castle>> {
    let names = ["Château de Suscinio", "Château de Josselin"];
    let castles = names.map(|name| Castle { name: name.into() });
    Json(castles.into())
}

/// Builds a castle.
#[utoipa::path(post, path = "/castles", responses((status = 200)))]
pub async fn create(Authorized(token, _): Authorized<CanCreateCastles>) -> Json<Castle> {
    let name = format!("Château de {}", token.id());
    Json(Castle { name })
}

/// Tears a castle down, for who logged in just now.
#[utoipa::path(delete, path = "/castles/{name}", params(("name" = String, Path)), responses((status = 200)))]
pub async fn remove(Path(name): Path<String>) -> String {
    format!("{name} is no more")
}
