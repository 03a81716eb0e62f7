mod authorize_request;
mod client;
mod event;
mod expiring;
mod field;
mod grant;
mod session;
mod tenant;
mod user;

use std::{
    collections::{BTreeSet, HashMap},
    io,
    time::SystemTime,
};

use uuid::Uuid;

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
use self::{
    event::{permission_data, user_data},
    expiring::Expiring,
};
use crate::{crypto::random_bytes, keys::SigningKey, webhook::Webhooks};

/// All that the server remembers.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) clients: Vec<Client>,
    pub(crate) users: Vec<User>,
    pub(crate) fields: Vec<UserField>,
    pub(crate) webhooks: Webhooks,
    pub(crate) logins: Expiring<AuthorizeRequest>,
    pub(crate) sessions: Expiring<Session>,
    pub(crate) codes: Expiring<Grant>,
    pub(crate) refresh_tokens: Expiring<Grant>,
    /// The scopes a user granted to a third-party client.
    consents: HashMap<(Uuid, String), BTreeSet<String>>,
    /// The address that a user has to prove, and the code that was mailed to it.
    verifications: HashMap<Uuid, (String, String)>,
    key_bits: u32,
    keys_made: usize,
}

impl State {
    pub(crate) fn new(key_bits: u32, webhooks: Webhooks) -> Self {
        Self {
            tenants: Vec::new(),
            clients: Vec::new(),
            users: Vec::new(),
            fields: Vec::new(),
            webhooks,
            logins: Expiring::default(),
            sessions: Expiring::default(),
            codes: Expiring::default(),
            refresh_tokens: Expiring::default(),
            consents: HashMap::new(),
            verifications: HashMap::new(),
            key_bits,
            keys_made: 0,
        }
    }

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

    /// A key that this server did not have before.
    pub(crate) fn new_key(&mut self) -> io::Result<SigningKey> {
        let key = SigningKey::new(self.key_bits, self.keys_made)?;
        self.keys_made += 1;
        Ok(key)
    }

    pub(crate) fn tenant(&self, slug: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.slug == slug)
    }

    pub(crate) fn tenant_mut(&mut self, slug: &str) -> Option<&mut Tenant> {
        self.tenants.iter_mut().find(|tenant| tenant.slug == slug)
    }

    /// The id of the tenant that a user belongs to.
    pub(crate) fn tenant_id(&self, user: Uuid) -> Option<Uuid> {
        Some(self.tenant(&self.user(user)?.tenant)?.id)
    }

    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(crate) fn user(&self, id: Uuid) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Changes a user, of which the webhooks learn.
    pub(crate) fn update_user(
        &mut self,
        id: Uuid,
        now: SystemTime,
        change: impl FnOnce(&mut User),
    ) {
        if let Some(user) = self.users.iter_mut().find(|user| user.id == id) {
            change(user);
            user.updated = now;
        }
        self.send_user_event("user.updated", id);
    }

    /// Adds a user, of which the webhooks learn.
    pub(crate) fn add_user(&mut self, mut user: User, now: SystemTime) {
        (user.created, user.updated) = (now, now);
        for field in &self.fields {
            if let Some(value) = &field.default {
                let entry = user.fields.entry(field.slug.clone());
                entry.or_insert_with(|| value.clone());
            }
        }
        let id = user.id;
        self.users.push(user);
        self.send_user_event("user.created", id);
    }

    /// Replaces a user's permissions, of which the webhooks learn.
    pub(crate) fn set_permissions(&mut self, id: Uuid, permissions: Vec<String>) {
        let Some(user) = self.users.iter_mut().find(|user| user.id == id) else {
            return;
        };
        for lost in user
            .permissions
            .iter()
            .filter(|it| !permissions.contains(it))
        {
            let data = permission_data(user, lost);
            self.webhooks.event("user_permission.deleted", &data);
        }
        for new in permissions
            .iter()
            .filter(|it| !user.permissions.contains(it))
        {
            let data = permission_data(user, new);
            self.webhooks.event("user_permission.created", &data);
        }
        user.permissions = permissions;
    }

    /// Deletes a user, of which the webhooks learn.
    pub(crate) fn delete_user(&mut self, id: Uuid) {
        self.send_user_event("user.deleted", id);
        self.users.retain(|user| user.id != id);
        self.verifications.remove(&id);
        self.consents.retain(|(user, _), _| *user != id);
    }

    fn send_user_event(&self, kind: &str, id: Uuid) {
        if self.webhooks.is_empty() {
            return;
        }
        if let Some(user) = self.user(id) {
            let data = user_data(user, self.tenant(&user.tenant));
            self.webhooks.event(kind, &data);
        }
    }

    /// What Fief would mail: a code that proves an address. It takes the former one's place.
    pub(crate) fn send_verification(&mut self, user: Uuid, email: String) {
        let code = verification_code();
        self.verifications.insert(user, (email, code));
    }

    pub(crate) fn verification_code(&self, user: Uuid) -> Option<&str> {
        let (_, code) = self.verifications.get(&user)?;
        Some(code)
    }

    /// Gives the user the address that the code proves.
    pub(crate) fn verify_email(&mut self, user: Uuid, code: &str, now: SystemTime) -> bool {
        let Some((email, _)) = self
            .verifications
            .get(&user)
            .filter(|(_, sent)| sent == code)
        else {
            return false;
        };
        let email = email.clone();
        self.verifications.remove(&user);
        self.update_user(user, now, |user| {
            user.email = email;
            user.is_email_verified = true;
        });
        true
    }

    /// Finds a user as Fief does: within the tenant, whatever the case of the address.
    pub(crate) fn user_by_email(&self, tenant: &str, email: &str) -> Option<&User> {
        self.users
            .iter()
            .find(|user| user.tenant == tenant && user.email.eq_ignore_ascii_case(email))
    }

    /// Finds a user whatever the tenant.
    pub(crate) fn user_of_any_tenant(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email == email)
    }

    /// Whether whoever logged in has to prove the address first.
    pub(crate) fn is_unverified(&self, session: &Session) -> bool {
        self.user(session.user)
            .is_some_and(|user| !user.is_email_verified)
    }

    pub(crate) fn grant_consent(&mut self, user: Uuid, request: &AuthorizeRequest) {
        let granted = self
            .consents
            .entry((user, request.client_id.clone()))
            .or_default();
        granted.extend(request.scope.iter().cloned());
    }

    pub(crate) fn consents_to(&self, user: Uuid, client: &Client, scope: &[String]) -> bool {
        let granted = self.consents.get(&(user, client.id.clone()));
        !client.is_third_party
            || granted.is_some_and(|granted| scope.iter().all(|scope| granted.contains(scope)))
    }
}

/// Six characters that are told apart easily.
fn verification_code() -> String {
    const CHARACTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    random_bytes::<6>()
        .iter()
        .filter_map(|byte| CHARACTERS.get(usize::from(byte % 32)))
        .map(|byte| char::from(*byte))
        .collect()
}
