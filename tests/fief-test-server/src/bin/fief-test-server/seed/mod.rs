//! Tenants, clients, users and user fields to start with: the file of `--seed`, and the options.

mod client;
mod field;
mod user;

use fief_test_server::FiefTestServerBuilder;
use serde::Deserialize;
use serde_json::Value;

pub(crate) use self::{client::SeedClient, field::SeedField, user::SeedUser};

/// Content of a seed file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Seed {
    pub(crate) tenants: Vec<String>,
    pub(crate) fields: Vec<SeedField>,
    pub(crate) clients: Vec<SeedClient>,
    pub(crate) users: Vec<SeedUser>,
}

impl Seed {
    /// Adds another seed to this one.
    pub(crate) fn extend(&mut self, other: Self) {
        let Self {
            tenants,
            fields,
            clients,
            users,
        } = other;
        self.tenants.extend(tenants);
        self.fields.extend(fields);
        self.clients.extend(clients);
        self.users.extend(users);
    }

    /// Sets a user field by the value of `--field`, which is `EMAIL:SLUG=VALUE`.
    ///
    /// The user is the one of a former `--user`. The value is JSON, or else a string.
    pub(crate) fn set_field(&mut self, text: &str) -> Result<(), String> {
        let parts = text.split_once(':');
        let parts = parts.and_then(|(email, pair)| Some((email, pair.split_once('=')?)));
        let (email, (slug, value)) = parts.ok_or(format!("{text:?} is not EMAIL:SLUG=VALUE"))?;
        let mut users = self.users.iter_mut();
        let user = users.find(|user| user.email == email);
        let user = user.ok_or(format!(
            "--field requires --user {email}:PASSWORD before it"
        ))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        user.fields.insert(slug.to_owned(), value);
        Ok(())
    }

    pub(crate) fn build(&self, mut builder: FiefTestServerBuilder) -> FiefTestServerBuilder {
        for tenant in &self.tenants {
            builder = builder.tenant(tenant);
        }
        for field in &self.fields {
            builder = builder.user_field(field.clone().into());
        }
        for client in &self.clients {
            builder = builder.client(client.clone().into());
        }
        for user in &self.users {
            builder = builder.user(user.clone().into());
        }
        builder
    }
}
