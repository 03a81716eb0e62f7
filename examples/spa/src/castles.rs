use std::sync::{Arc, RwLock};

use axum::{Json, extract::State, http::StatusCode};
use fief_axum::{Authenticated, CurrentUser};
use serde::{Deserialize, Serialize};

/// In memory, for as long as the process runs.
#[derive(Clone)]
pub struct Castles(Arc<RwLock<Vec<String>>>);

impl Default for Castles {
    fn default() -> Self {
        let names = ["Château de Suscinio", "Château de Josselin"];
        Self(Arc::new(RwLock::new(names.map(str::to_owned).into())))
    }
}

#[derive(Serialize)]
pub struct Me {
    email: Option<String>,
    permissions: Vec<String>,
}

#[derive(Deserialize)]
pub struct Castle {
    name: String,
}

#[derive(Serialize)]
pub struct Problem {
    error: &'static str,
    error_description: &'static str,
}

/// Says who the user is, so that the page does not have to read its token.
pub async fn me(CurrentUser(user): CurrentUser, Authenticated(token): Authenticated) -> Json<Me> {
    Json(Me {
        email: user.email.clone(),
        permissions: token.permissions().to_vec(),
    })
}

/// Lists the castles.
pub async fn list(State(castles): State<Castles>) -> Json<Vec<String>> {
    Json(castles.0.read().unwrap().clone())
}

/// Builds a castle, and returns the list with it.
pub async fn create(
    State(castles): State<Castles>,
    Json(castle): Json<Castle>,
) -> Result<Json<Vec<String>>, (StatusCode, Json<Problem>)> {
    let name = castle.name.trim();
    if !(1..=60).contains(&name.chars().count()) {
        let problem = Problem {
            error: "invalid_name",
            error_description: "A name has 1 to 60 characters.",
        };
        return Err((StatusCode::UNPROCESSABLE_ENTITY, Json(problem)));
    }
    let mut castles = castles.0.write().unwrap();
    castles.push(name.to_owned());
    // The first ones make room.
    let excess = castles.len().saturating_sub(MOST);
    castles.drain(..excess);
    Ok(Json(castles.clone()))
}

const MOST: usize = 100;
