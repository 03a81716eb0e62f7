//! Validation of what was configured.

use std::io;

use super::FiefTestServerBuilder;
use crate::{User, state::DEFAULT_SLUG};

impl FiefTestServerBuilder {
    /// Checks that slugs are valid, that clients and users belong to a tenant that exists, and that
    /// slugs, client ids, user ids and the e-mail addresses of each tenant are unique.
    pub(super) fn validate(&self) -> io::Result<()> {
        let clients = self.clients.iter().map(|client| &client.tenant);
        let users = self.users.iter().map(|user| &user.tenant);
        for tenant in clients.chain(users) {
            if !tenant.is_empty() && !self.tenants.contains(tenant) {
                return invalid(format!("unknown tenant {tenant:?}"));
            }
        }
        for (index, slug) in self.tenants.iter().enumerate() {
            let is_slug = slug
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if !is_slug || slug.is_empty() || slug == DEFAULT_SLUG {
                return invalid(format!("invalid tenant slug {slug:?}"));
            }
            if self.tenants.iter().take(index).any(|other| other == slug) {
                return invalid(format!("duplicate tenant {slug:?}"));
            }
        }
        for (index, client) in self.clients.iter().enumerate() {
            let mut others = self.clients.iter().take(index);
            if others.any(|other| other.id == client.id) {
                return invalid(format!("duplicate client {:?}", client.id));
            }
        }
        for (index, user) in self.users.iter().enumerate() {
            let mut others = self.users.iter().take(index);
            let same = |other: &User| {
                other.id == user.id
                    || other.tenant == user.tenant && other.email.eq_ignore_ascii_case(&user.email)
            };
            if others.any(same) {
                return invalid(format!("duplicate user {:?}", user.email));
            }
        }
        Ok(())
    }
}

fn invalid(reason: String) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
}
