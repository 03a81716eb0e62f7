use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use fief_axum::{Authenticated, CurrentUser};
use serde::Deserialize;

use crate::pages::{self, Site};

/// The castles, in memory.
#[derive(Clone)]
pub struct Castles {
    all: Arc<Mutex<Vec<Castle>>>,
}

#[derive(Clone)]
pub struct Castle {
    pub name: String,
    pub built: String,
    pub owner: String,
}

impl Default for Castles {
    fn default() -> Self {
        let castle = |name: &str, built: &str, owner: &str| Castle {
            name: name.into(),
            built: built.into(),
            owner: owner.into(),
        };
        let all = vec![
            castle("Château de Suscinio", "1218", "Pierre de Dreux"),
            castle("Château de Josselin", "1008", "Guéthenoc de Porhoët"),
            castle("Château des ducs de Bretagne", "1207", "Guy de Thouars"),
        ];
        Self {
            all: Arc::new(Mutex::new(all)),
        }
    }
}

impl Castles {
    pub fn all(&self) -> Vec<Castle> {
        self.all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Keeps the last hundred.
    fn add(&self, castle: Castle) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= 100 {
            all.remove(0);
        }
        all.push(castle);
    }
}

/// Everyone who is logged in sees them; whoever may build also sees how.
pub async fn list(
    State(site): State<Site>,
    CurrentUser(user): CurrentUser,
    Authenticated(token): Authenticated,
) -> Response {
    let may_create = token.has_permission("castles:create");
    pages::castles(&site, pages::email(&user), may_create)
}

pub async fn form(State(site): State<Site>, CurrentUser(user): CurrentUser) -> Response {
    pages::create(&site, &pages::email(&user), "", None)
}

#[derive(Deserialize)]
pub struct NewCastle {
    name: String,
}

pub async fn create(
    State(site): State<Site>,
    CurrentUser(user): CurrentUser,
    Form(new): Form<NewCastle>,
) -> Response {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 60 {
        return pages::create(
            &site,
            &pages::email(&user),
            name,
            Some("A name has 1 to 60 characters."),
        );
    }
    site.castles.add(Castle {
        name: name.to_owned(),
        built: "today".into(),
        owner: pages::email(&user),
    });
    Redirect::to(&format!("{}/castles", site.path)).into_response()
}
