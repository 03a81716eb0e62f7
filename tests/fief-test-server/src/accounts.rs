//! Methods to add users and clients to a running server, and to list the users.

use std::io;

use serde_json::{Value, json};

use crate::{Client, FiefTestServer, User, UserField, claims::user_info};

impl FiefTestServer {
    /// Returns the users of all tenants, in the order in which they were added.
    ///
    /// Each is an object as of `/api/userinfo`, with the members `tenant`, the slug, which is empty
    /// for the default tenant, and `permissions` in addition.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// assert_eq!(server.users()[0]["email"], "anne@example.com");
    /// # }
    /// ```
    #[must_use]
    pub fn users(&self) -> Vec<Value> {
        let state = self.shared.state();
        let users = state.users.iter();
        users
            .map(|user| {
                let tenant_id = state.tenant_id(user.id).unwrap_or_default();
                let mut info = user_info(user, tenant_id);
                info.insert("tenant".to_owned(), json!(user.tenant));
                info.insert("permissions".to_owned(), json!(user.permissions));
                info.into()
            })
            .collect()
    }

    /// Adds a user, and sends `user.created` to the webhooks.
    ///
    /// Fields that are not declared are declared by this, with the types of their values.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use fief_test_server::{FiefTestServer, User};
    ///
    /// let server = FiefTestServer::start().await;
    /// server.add_user(User::new("louis@example.com", "porcupine"))?;
    /// let token = server.access_token().user("louis@example.com").mint();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the tenant is unknown, or has a user with this address or id.
    pub fn add_user(&self, user: User) -> io::Result<()> {
        let now = self.shared.clock.now();
        let mut state = self.shared.state();
        if state.tenant(&user.tenant).is_none() {
            return invalid(format!("unknown tenant {:?}", user.tenant));
        }
        let has_address = state.user_by_email(&user.tenant, &user.email).is_some();
        if has_address || state.user(user.id).is_some() {
            return invalid(format!("duplicate user {:?}", user.email));
        }
        for (slug, value) in &user.fields {
            if state.fields.iter().all(|field| field.slug != *slug) {
                let field = UserField::inferred(slug, value);
                state.fields.push(field);
            }
        }
        state.add_user(user, now);
        Ok(())
    }

    /// Adds a client.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use fief_test_server::{Client, FiefTestServer};
    ///
    /// let server = FiefTestServer::start().await;
    /// server.add_client(Client::new("gardens").secret("s3cret"))?;
    /// let token = server.access_token().client("gardens").mint();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the tenant is unknown, or there is a client with this id.
    pub fn add_client(&self, client: Client) -> io::Result<()> {
        let mut state = self.shared.state();
        if state.tenant(&client.tenant).is_none() {
            return invalid(format!("unknown tenant {:?}", client.tenant));
        }
        if state.client(&client.id).is_some() {
            return invalid(format!("duplicate client {:?}", client.id));
        }
        state.clients.push(client);
        Ok(())
    }
}

fn invalid(reason: String) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
}
