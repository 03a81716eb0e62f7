use std::{
    collections::{BTreeSet, HashMap},
    io,
};

use uuid::Uuid;

use crate::{
    Client, User, authorize::AuthorizeRequest, expiring::Expiring, keys::SigningKey, token::Grant,
};

/// All that the server remembers.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) clients: Vec<Client>,
    pub(crate) users: Vec<User>,
    pub(crate) logins: Expiring<AuthorizeRequest>,
    pub(crate) sessions: Expiring<Session>,
    pub(crate) codes: Expiring<Grant>,
    pub(crate) refresh_tokens: Expiring<Grant>,
    /// The scopes a user granted to a third-party client.
    pub(crate) consents: HashMap<(Uuid, String), BTreeSet<String>>,
    key_bits: u32,
    keys_made: usize,
}

/// A tenant. The slug of the default one is empty here, as it is in its addresses.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: Uuid,
    pub(crate) slug: String,
    /// What it publishes, oldest first. The last one signs.
    pub(crate) keys: Vec<SigningKey>,
}

/// A browser that logged in.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) user: Uuid,
    pub(crate) tenant: String,
    pub(crate) auth_time: u64,
}

impl State {
    pub(crate) fn new(key_bits: u32) -> Self {
        Self {
            tenants: Vec::new(),
            clients: Vec::new(),
            users: Vec::new(),
            logins: Expiring::default(),
            sessions: Expiring::default(),
            codes: Expiring::default(),
            refresh_tokens: Expiring::default(),
            consents: HashMap::new(),
            key_bits,
            keys_made: 0,
        }
    }

    pub(crate) fn add_tenant(&mut self, slug: &str) -> io::Result<()> {
        let key = self.new_key()?;
        self.tenants.push(Tenant {
            id: Uuid::new_v4(),
            slug: slug.to_owned(),
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

    /// Finds a user as Fief does: within the tenant, whatever the case of the address.
    pub(crate) fn user_by_email(&self, tenant: &str, email: &str) -> Option<&User> {
        self.users
            .iter()
            .find(|user| user.tenant == tenant && user.email.eq_ignore_ascii_case(email))
    }

    pub(crate) fn consents_to(&self, user: Uuid, client: &Client, scope: &[String]) -> bool {
        let granted = self.consents.get(&(user, client.id.clone()));
        !client.is_third_party
            || granted.is_some_and(|granted| scope.iter().all(|scope| granted.contains(scope)))
    }
}

impl Tenant {
    pub(crate) fn signing_key(&self) -> Option<&SigningKey> {
        self.keys.last()
    }
}
