use serde::Deserialize;
use serde_json::{Map, Value};

/// The data of both Fiefs in the contract suite: `tests/real/seed.json`.
#[derive(Debug, Deserialize)]
pub struct Seed {
    pub redirect_uri: String,
    /// The slug of the tenant in addition to the default one.
    pub tenant: String,
    pub fields: Vec<SeedField>,
    pub users: Vec<SeedUser>,
    pub clients: Vec<SeedClient>,
}

/// A user field, which users can change.
#[derive(Debug, Deserialize)]
pub struct SeedField {
    pub slug: String,
    pub r#type: String,
    pub default: Option<Value>,
}

/// A user of the default tenant, or of the given one.
#[derive(Debug, Deserialize)]
pub struct SeedUser {
    pub email: String,
    pub password: String,
    #[serde(default)]
    pub permissions: Vec<String>,
    #[serde(default)]
    pub fields: Map<String, Value>,
    pub tenant: Option<String>,
}

/// A client, by default a confidential first-party one.
#[derive(Debug, Deserialize)]
pub struct SeedClient {
    pub name: String,
    #[serde(default)]
    pub public: bool,
    #[serde(default)]
    pub third_party: bool,
    #[serde(default)]
    pub encrypted: bool,
    pub lifetimes: Option<SeedLifetimes>,
    pub tenant: Option<String>,
}

/// In seconds.
#[derive(Debug, Deserialize)]
pub struct SeedLifetimes {
    pub code: u64,
    pub token: u64,
    pub refresh: u64,
}

impl Seed {
    pub fn load() -> Self {
        serde_json::from_str(include_str!("../real/seed.json")).unwrap()
    }
}
