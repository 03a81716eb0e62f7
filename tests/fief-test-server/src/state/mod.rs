//! What the server stores.

mod authorize_request;
mod client;
mod event;
mod expiring_map;
mod field;
mod grant;
mod session;
mod tenant;
mod user;
mod user_updates;
mod verification;

use std::{
    collections::{BTreeSet, HashMap},
    io,
    time::SystemTime,
};

use uuid::Uuid;

use self::expiring_map::ExpiringMap;
pub(crate) use self::{
    authorize_request::{AuthorizeRequest, Challenge, ResponseType},
    grant::Grant,
    session::Session,
    tenant::{DEFAULT_SLUG, Tenant},
};
pub use self::{
    client::Client,
    field::{FieldType, UserField},
    user::User,
};
use crate::{keys::SigningKey, webhook::Webhooks};

/// State of the server.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) clients: Vec<Client>,
    pub(crate) users: Vec<User>,
    pub(crate) fields: Vec<UserField>,
    pub(crate) webhooks: Webhooks,
    pub(crate) logins: ExpiringMap<AuthorizeRequest>,
    pub(crate) sessions: ExpiringMap<Session>,
    pub(crate) codes: ExpiringMap<Grant>,
    pub(crate) refresh_tokens: ExpiringMap<Grant>,
    /// Scopes that a user granted to a client, by user id and client id.
    consents: HashMap<(Uuid, String), BTreeSet<String>>,
    /// E-mail addresses to verify, and their codes, by user id.
    verifications: HashMap<Uuid, (String, String)>,
    key_bits: u32,
    /// Number of keys that were created.
    key_count: usize,
}

impl State {
    pub(crate) fn new(key_bits: u32, webhooks: Webhooks) -> Self {
        Self {
            tenants: Vec::new(),
            clients: Vec::new(),
            users: Vec::new(),
            fields: Vec::new(),
            webhooks,
            logins: ExpiringMap::default(),
            sessions: ExpiringMap::default(),
            codes: ExpiringMap::default(),
            refresh_tokens: ExpiringMap::default(),
            consents: HashMap::new(),
            verifications: HashMap::new(),
            key_bits,
            key_count: 0,
        }
    }

    /// Adds a tenant with a key.
    pub(crate) fn add_tenant(&mut self, slug: &str, now: SystemTime) -> io::Result<()> {
        let key = self.new_key()?;
        self.tenants.push(Tenant {
            id: Uuid::new_v4(),
            slug: slug.to_owned(),
            created: now,
            keys: vec![key],
        });
        Ok(())
    }

    /// Returns a key that this server has not used before.
    pub(crate) fn new_key(&mut self) -> io::Result<SigningKey> {
        let key = SigningKey::new(self.key_bits, self.key_count)?;
        self.key_count += 1;
        Ok(key)
    }

    pub(crate) fn tenant(&self, slug: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.slug == slug)
    }

    pub(crate) fn tenant_mut(&mut self, slug: &str) -> Option<&mut Tenant> {
        self.tenants.iter_mut().find(|tenant| tenant.slug == slug)
    }

    /// Returns the id of a user's tenant.
    pub(crate) fn tenant_id(&self, user: Uuid) -> Option<Uuid> {
        Some(self.tenant(&self.user(user)?.tenant)?.id)
    }

    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(crate) fn user(&self, id: Uuid) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Finds a user of a tenant, ignoring the case of the address, as Fief does.
    pub(crate) fn user_by_email(&self, tenant: &str, email: &str) -> Option<&User> {
        self.users
            .iter()
            .find(|user| user.tenant == tenant && user.email.eq_ignore_ascii_case(email))
    }

    /// Finds the first user with exactly this address in any tenant.
    pub(crate) fn user_of_any_tenant(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email == email)
    }

    /// Stores the user's consent to the scopes of a request.
    pub(crate) fn grant_consent(&mut self, user: Uuid, authorization: &AuthorizeRequest) {
        let granted = self
            .consents
            .entry((user, authorization.client_id.clone()))
            .or_default();
        granted.extend(authorization.scope.iter().cloned());
    }

    /// Returns `true` if no consent to the scopes is required, or the user has granted it.
    pub(crate) fn has_consent(&self, user: Uuid, client: &Client, scope: &[String]) -> bool {
        let granted = self.consents.get(&(user, client.id.clone()));
        !client.is_third_party
            || granted.is_some_and(|granted| scope.iter().all(|scope| granted.contains(scope)))
    }
}
