use std::str::FromStr;

use fief_test_server::User;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// User, as in a seed file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedUser {
    pub(crate) email: String,
    pub(crate) password: String,
    id: Option<Uuid>,
    #[serde(default)]
    pub(crate) permissions: Vec<String>,
    #[serde(default)]
    pub(super) fields: Map<String, Value>,
    #[serde(default)]
    tenant: String,
    #[serde(default = "yes")]
    verified: bool,
    #[serde(default = "yes")]
    active: bool,
}

/// `EMAIL:PASSWORD[:PERMISSION,..]`
impl FromStr for SeedUser {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ':');
        let (Some(email), Some(password)) = (parts.next(), parts.next()) else {
            return Err(format!("{text:?} is not EMAIL:PASSWORD[:PERMISSION,..]"));
        };
        let permissions = parts.next().unwrap_or_default().split(',');
        let permissions = permissions.filter(|it| !it.is_empty()).map(str::to_owned);
        Ok(Self {
            email: email.to_owned(),
            password: password.to_owned(),
            id: None,
            permissions: permissions.collect(),
            fields: Map::new(),
            tenant: String::new(),
            verified: true,
            active: true,
        })
    }
}

impl From<SeedUser> for User {
    fn from(user: SeedUser) -> Self {
        // The same at each start, so that what an application has stored about users stays valid.
        let id = user
            .id
            .unwrap_or_else(|| stable_id(&user.tenant, &user.email));
        let mut made = User::new(user.email, user.password)
            .id(id)
            .tenant(user.tenant);
        for permission in user.permissions {
            made = made.permission(permission);
        }
        for (slug, value) in user.fields {
            made = made.field(slug, value);
        }
        if !user.verified {
            made = made.unverified();
        }
        if user.active { made } else { made.inactive() }
    }
}

impl SeedUser {
    /// Returns the users that there are by default.
    pub(crate) fn defaults() -> Vec<Self> {
        let user = |id: u128, email: &str, password: &str, name: &str| Self {
            email: email.to_owned(),
            password: password.to_owned(),
            id: Some(Uuid::from_u128(id)),
            permissions: Vec::new(),
            fields: [("first_name".to_owned(), Value::from(name))]
                .into_iter()
                .collect(),
            tenant: String::new(),
            verified: true,
            active: true,
        };
        let mut anne = user(
            0x4f9a_7d5e_1c3b_4c1e_9a64_2f0b_7a6d_1e01,
            "anne@example.com",
            "herminetincture",
            "Anne",
        );
        anne.permissions = vec!["castles:read".to_owned(), "castles:create".to_owned()];
        let louis = user(
            0x4f9a_7d5e_1c3b_4c1e_9a64_2f0b_7a6d_1e02,
            "louis@example.com",
            "porcupine-and-crown",
            "Louis",
        );
        vec![anne, louis]
    }
}

/// Derives an id from tenant and address, as FNV-1a.
fn stable_id(tenant: &str, email: &str) -> Uuid {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let text = format!("{tenant}/{}", email.to_lowercase());
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in text.bytes() {
        hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
    }
    uuid::Builder::from_random_bytes(hash.to_be_bytes()).into_uuid()
}

fn yes() -> bool {
    true
}
