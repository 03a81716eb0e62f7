use std::time::{Duration, SystemTime};

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::{
    AccessTokenBuilder, Endpoint, Fault, FiefTestServer, IdTokenBuilder, keys::SigningKey,
};

/// Methods to control a running server.
impl FiefTestServer {
    /// Returns a builder of an access token, by default a valid one of the first client and user.
    pub fn access_token(&self) -> AccessTokenBuilder {
        AccessTokenBuilder::new(self.shared.clone(), self.client_id())
    }

    /// Returns a builder of an ID token, by default a valid one of the first client and user.
    pub fn id_token(&self) -> IdTokenBuilder {
        IdTokenBuilder::new(self.shared.clone(), self.client_id())
    }

    /// The server's time, for the client under test.
    pub fn clock(&self) -> impl Fn() -> SystemTime + Clone + Send + Sync + 'static {
        let clock = self.shared.clock.clone();
        move || clock.now()
    }

    /// Advances the server's time.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
    }

    /// Stops the server's time there; from then on only [`advance`](Self::advance) moves it.
    pub fn set_time(&self, time: SystemTime) {
        self.shared.clock.set(time);
    }

    /// The id of the current signing key.
    #[must_use]
    pub fn kid(&self) -> String {
        let state = self.shared.state();
        let key = state.tenant("").and_then(|tenant| tenant.signing_key());
        key.map(|key| key.kid.clone()).unwrap_or_default()
    }

    /// Replaces the keys of the default tenant: tokens that they signed become invalid.
    ///
    /// # Panics
    ///
    /// Panics when the machine cannot make a key.
    pub fn rotate_key(&self) {
        self.change_keys(|keys, key| *keys = vec![key]);
    }

    /// Adds a key to the default tenant, which signs from now on. The former keys stay valid.
    ///
    /// # Panics
    ///
    /// Panics when the machine cannot make a key.
    pub fn add_key(&self) {
        self.change_keys(Vec::push);
    }

    /// Removes a key of the default tenant. Without any, no token can be issued.
    pub fn remove_key(&self, kid: &str) {
        if let Some(tenant) = self.shared.state().tenant_mut("") {
            tenant.keys.retain(|key| key.kid != kid);
        }
    }

    /// The number of requests to an endpoint.
    #[must_use]
    pub fn requests(&self, endpoint: Endpoint) -> usize {
        self.shared.traffic().requests(endpoint)
    }

    /// Waits until an endpoint has received this many requests.
    pub async fn wait_for_requests(&self, endpoint: Endpoint, requests: usize) {
        let mut arrivals = self.shared.traffic().subscribe();
        while self.requests(endpoint) < requests {
            // The sender lives as long as this server.
            let _ = arrivals.changed().await;
        }
    }

    /// Resets the request counters.
    pub fn reset_requests(&self) {
        self.shared.traffic().reset_requests();
    }

    /// Makes an endpoint fail until [`clear_faults`](Self::clear_faults).
    pub fn fault(&self, endpoint: Endpoint, fault: Fault) {
        self.shared.traffic().fault(endpoint, fault);
    }

    /// Makes an endpoint fail once. Further faults are queued.
    pub fn fault_once(&self, endpoint: Endpoint, fault: Fault) {
        self.shared.traffic().fault_once(endpoint, fault);
    }

    /// Clears all faults. Hanging requests get their responses.
    pub fn clear_faults(&self) {
        self.shared.traffic().clear_faults();
    }

    /// Makes a user active or inactive.
    ///
    /// # Panics
    ///
    /// Panics when there is no such user.
    pub fn set_active(&self, email: &str, is_active: bool) {
        let id = self.user_id(email);
        let now = self.shared.clock.now();
        let mut state = self.shared.state();
        state.update_user(id, now, |user| user.is_active = is_active);
    }

    /// Replaces a user's permissions. Tokens that were issued keep theirs.
    ///
    /// # Panics
    ///
    /// Panics when there is no such user.
    pub fn set_permissions<P>(&self, email: &str, permissions: impl IntoIterator<Item = P>)
    where
        P: Into<String>,
    {
        let permissions = permissions.into_iter().map(Into::into).collect();
        let id = self.user_id(email);
        self.shared.state().set_permissions(id, permissions);
    }

    /// Deletes a user.
    ///
    /// # Panics
    ///
    /// Panics when there is no such user.
    pub fn delete_user(&self, email: &str) {
        let id = self.user_id(email);
        self.shared.state().delete_user(id);
    }

    /// The code that was last mailed to a user, or rather would have been.
    ///
    /// # Panics
    ///
    /// Panics when there is no such user.
    #[must_use]
    pub fn verification_code(&self, email: &str) -> Option<String> {
        let id = self.user_id(email);
        let state = self.shared.state();
        state.verification_code(id).map(str::to_owned)
    }

    /// The id of a user, `sub` in tokens.
    ///
    /// # Panics
    ///
    /// Panics when there is no such user.
    #[must_use]
    pub fn user_id(&self, email: &str) -> Uuid {
        let state = self.shared.state();
        let id = state.user_of_any_tenant(email).map(|user| user.id);
        drop(state);
        match id {
            Some(id) => id,
            None => panic!("there is no user {email}"),
        }
    }

    /// Sends events to an address, signed with this secret, from now on.
    ///
    /// # Panics
    ///
    /// Panics when it is not one of plain http.
    pub fn add_webhook(&self, url: impl AsRef<str>, secret: impl Into<String>) {
        let url = url.as_ref();
        match Url::parse(url) {
            Ok(parsed) if parsed.scheme() == "http" => {
                self.shared.state().webhooks.add(parsed, secret.into());
            }
            _ => panic!("{url:?} is not an http address for a webhook"),
        }
    }

    /// Sends an event of any type to the webhooks. Changes of users are sent automatically.
    pub fn send_webhook(&self, event: impl Into<String>, data: impl Into<Value>) {
        let (event, data) = (event.into(), data.into());
        self.shared.state().webhooks.send(&event, &data);
    }

    fn change_keys(&self, change: impl FnOnce(&mut Vec<SigningKey>, SigningKey)) {
        let mut state = self.shared.state();
        let key = match state.new_key() {
            Ok(key) => key,
            Err(error) => panic!("fief-test-server cannot make a key: {error}"),
        };
        if let Some(tenant) = state.tenant_mut("") {
            change(&mut tenant.keys, key);
        }
    }
}
