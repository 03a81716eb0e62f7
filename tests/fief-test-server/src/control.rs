//! Methods to control a running server.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::{
    AccessTokenBuilder, Endpoint, Fault, FiefTestServer, IdTokenBuilder, keys::SigningKey,
};

impl FiefTestServer {
    /// Returns a builder of an access token.
    ///
    /// By default it is a valid one for the first client, about the first user.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// let token = server.access_token().permission("castles:create").mint();
    /// let authorization = format!("Bearer {token}");
    /// # }
    /// ```
    pub fn access_token(&self) -> AccessTokenBuilder {
        AccessTokenBuilder::new(self.shared.clone(), self.client_id())
    }

    /// Returns a builder of an ID token.
    ///
    /// By default it is a valid one for the first client, about the first user.
    ///
    /// Applications receive ID tokens from the token endpoint only. To test how they handle a
    /// certain one, let the endpoint return it:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::{Endpoint, Fault, FiefTestServer};
    /// use serde_json::json;
    ///
    /// let server = FiefTestServer::start().await;
    /// let response = json!({
    ///     "access_token": server.access_token().mint(),
    ///     "id_token": server.id_token().nonce("of another login").mint(),
    ///     "token_type": "bearer",
    ///     "expires_in": 86_400,
    /// });
    /// server.fault_once(Endpoint::Token, Fault::json(response));
    /// # }
    /// ```
    pub fn id_token(&self) -> IdTokenBuilder {
        IdTokenBuilder::new(self.shared.clone(), self.client_id())
    }

    /// Returns the server's clock, for the client under test.
    ///
    /// `fief_client::FiefBuilder::clock` takes it. With a shared clock, [`advance`](Self::advance)
    /// and [`set_time`](Self::set_time) let tokens, caches and sessions expire without waiting.
    /// Without it, a client that uses the system's time rejects tokens of a server whose time was
    /// changed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use std::time::Duration;
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// let clock = server.clock();
    ///
    /// let before = clock();
    /// server.advance(Duration::from_secs(3600));
    /// assert!(clock() >= before + Duration::from_secs(3600));
    /// # }
    /// ```
    pub fn clock(&self) -> impl Fn() -> SystemTime + Clone + Send + Sync + 'static {
        let clock = self.shared.clock.clone();
        move || clock.now()
    }

    /// Advances the server's time by a duration.
    ///
    /// Everything that the server stores or signs expires accordingly. The delays of a [`Fault`]
    /// and of repeated webhooks are not affected.
    ///
    /// The time goes on from there, unless it was stopped by [`set_time`](Self::set_time). It
    /// cannot be moved backwards, except with `set_time`.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
    }

    /// Sets the server's time and stops it. From then on only [`advance`](Self::advance) moves it.
    ///
    /// Use it if a test depends on the very second, for example on `exp` or `iat` of a token.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    /// server.set_time(time);
    /// assert_eq!(server.clock()(), time);
    /// # }
    /// ```
    pub fn set_time(&self, time: SystemTime) {
        self.shared.clock.set(time);
    }

    /// Returns the id of the default tenant's current signing key, which is `kid` in the header of
    /// its tokens.
    ///
    /// It is empty if there is no key.
    #[must_use]
    pub fn kid(&self) -> String {
        let state = self.shared.state();
        let key = state.tenant("").and_then(|tenant| tenant.signing_key());
        key.map(|key| key.kid.clone()).unwrap_or_default()
    }

    /// Replaces all keys of the default tenant with a new one. Tokens signed with them become
    /// invalid.
    ///
    /// Fief does this only when its database is recreated. A client notices it by the unknown
    /// `kid`, and should fetch the keys again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// let (token, kid) = (server.access_token().mint(), server.kid());
    ///
    /// server.rotate_key();
    /// assert_ne!(server.kid(), kid);
    /// // ... the application should reject the token once it has fetched the new key ...
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the key cannot be generated.
    pub fn rotate_key(&self) {
        self.change_keys(|keys, key| *keys = vec![key]);
    }

    /// Adds a key to the default tenant, which signs from now on. The former keys stay published.
    ///
    /// With [`remove_key`](Self::remove_key) it makes a rotation with an overlap:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// let former = server.kid();
    ///
    /// server.add_key();
    /// assert_ne!(server.kid(), former);
    /// let late = server.access_token().key(&former).mint(); // still valid
    ///
    /// server.remove_key(&former);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the key cannot be generated.
    pub fn add_key(&self) {
        self.change_keys(Vec::push);
    }

    /// Removes a key of the default tenant. Unknown ids are ignored.
    ///
    /// Without any key no tokens can be issued: the token endpoint responds with 500, and minting
    /// panics.
    pub fn remove_key(&self, kid: &str) {
        if let Some(tenant) = self.shared.state().tenant_mut("") {
            tenant.keys.retain(|key| key.kid != kid);
        }
    }

    /// Returns the number of requests that an endpoint has received.
    ///
    /// Requests are counted when they arrive, also those that a fault keeps from being handled.
    /// Use it to assert that a client caches a response, or does not repeat a request.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::{Endpoint, FiefTestServer};
    ///
    /// let server = FiefTestServer::start().await;
    ///
    /// // ... validate access tokens, which must not send one request each ...
    ///
    /// assert_eq!(server.requests(Endpoint::Userinfo), 0);
    /// # }
    /// ```
    #[must_use]
    pub fn requests(&self, endpoint: Endpoint) -> usize {
        self.shared.traffic().requests(endpoint)
    }

    /// Waits until an endpoint has received this many requests.
    ///
    /// Together with [`Fault::hang`] it stops a test at the point where a request is in flight.
    /// It waits without a limit; wrap it in a timeout if the requests may never come.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use fief_test_server::{Endpoint, Fault, FiefTestServer};
    /// use tokio::{io::AsyncWriteExt as _, net::TcpStream};
    ///
    /// let server = FiefTestServer::start().await;
    /// server.fault(Endpoint::Jwks, Fault::hang());
    ///
    /// // A client fetches the keys.
    /// let address = server.url().trim_start_matches("http://");
    /// let mut client = TcpStream::connect(address).await?;
    /// client.write_all(b"GET /.well-known/jwks.json HTTP/1.1\r\nhost: x\r\n\r\n").await?;
    ///
    /// server.wait_for_requests(Endpoint::Jwks, 1).await;
    /// // ... the client is waiting for the response ...
    /// server.clear_faults();
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_for_requests(&self, endpoint: Endpoint, requests: usize) {
        let mut arrivals = self.shared.traffic().subscribe();
        while self.requests(endpoint) < requests {
            // The sender lives as long as this server.
            let _ = arrivals.changed().await;
        }
    }

    /// Resets the request counters of all endpoints to zero.
    ///
    /// Use it after the set-up of a test, so that only the requests of the test are counted.
    pub fn reset_requests(&self) {
        self.shared.traffic().reset_requests();
    }

    /// Makes an endpoint fail until [`clear_faults`](Self::clear_faults) is called.
    ///
    /// Replaces the endpoint's former fault. Faults set with [`fault_once`](Self::fault_once) take
    /// precedence. [`log_in`](Self::log_in) is not affected, since it sends no request.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::{Endpoint, Fault, FiefTestServer};
    ///
    /// let server = FiefTestServer::start().await;
    /// server.fault(Endpoint::Jwks, Fault::status(503).header("retry-after", "5"));
    /// // ... tokens cannot be validated, and the keys are not fetched for five seconds ...
    /// server.clear_faults();
    /// # }
    /// ```
    pub fn fault(&self, endpoint: Endpoint, fault: Fault) {
        self.shared.traffic().fault(endpoint, fault);
    }

    /// Makes an endpoint fail once. Further faults are queued: each is for one request.
    ///
    /// Use it to test retries:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::{Endpoint, Fault, FiefTestServer};
    ///
    /// let server = FiefTestServer::start().await;
    /// server.fault_once(Endpoint::Token, Fault::reset());
    /// server.fault_once(Endpoint::Token, Fault::status(502));
    /// // The third request succeeds.
    /// # }
    /// ```
    pub fn fault_once(&self, endpoint: Endpoint, fault: Fault) {
        self.shared.traffic().fault_once(endpoint, fault);
    }

    /// Clears all faults of all endpoints. Requests that hang receive their normal responses.
    pub fn clear_faults(&self) {
        self.shared.traffic().clear_faults();
    }

    /// Makes a user active or inactive.
    ///
    /// As in Fief, an inactive user cannot log in, and `/api/userinfo` responds with 401. Their
    /// tokens stay valid and can be refreshed, which is why applications must check `is_active`.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    pub fn set_active(&self, email: &str, is_active: bool) {
        let id = self.user_id(email);
        let now = self.shared.clock.now();
        let mut state = self.shared.state();
        state.update_user(id, now, |user| user.is_active = is_active);
    }

    /// Replaces a user's permissions.
    ///
    /// Tokens that were issued keep theirs. Those issued from now on, also by a refresh, contain
    /// the new ones.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// server.set_permissions("anne@example.com", ["castles:read", "castles:create"]);
    /// server.set_permissions("anne@example.com", [""; 0]);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
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
    /// As in Fief, their access tokens stay valid until they expire, `/api/userinfo` responds with
    /// 500, and a refresh is rejected with `invalid_grant`.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    pub fn delete_user(&self, email: &str) {
        let id = self.user_id(email);
        self.shared.state().delete_user(id);
    }

    /// Returns the code that Fief would have mailed to a user to verify an e-mail address.
    ///
    /// There is one after a login with an unverified address, a registration, and a request to
    /// `/api/email/change`. Returns `None` if there was none, or the code has been used.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// assert_eq!(server.verification_code("anne@example.com"), None);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    #[must_use]
    pub fn verification_code(&self, email: &str) -> Option<String> {
        let id = self.user_id(email);
        let state = self.shared.state();
        state.verification_code(id).map(str::to_owned)
    }

    /// Returns the id of a user, which is `sub` in their tokens.
    ///
    /// If several tenants have a user with this address, it is the first one.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    #[must_use]
    pub fn user_id(&self, email: &str) -> Uuid {
        let state = self.shared.state();
        let id = state.user_of_any_tenant(email).map(|user| user.id);
        drop(state);
        match id {
            Some(id) => id,
            None => panic!("unknown user {email}"),
        }
    }

    /// Adds a webhook: events are sent to this URL from now on, signed with the secret.
    ///
    /// Changes of users and their permissions are sent automatically, other events with
    /// [`send_webhook`](Self::send_webhook). As in Fief, a delivery that does not receive a 2xx
    /// response within 5 seconds is repeated up to four times, first after 15 seconds. The certificate
    /// of an https URL is not verified: on a development machine, it is seldom one of a known authority.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// server.add_webhook("http://127.0.0.1:3000/webhooks/fief", "s3cret");
    /// server.set_active("anne@example.com", false); // sends `user.updated`
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if it is not an http or https URL.
    pub fn add_webhook(&self, url: impl AsRef<str>, secret: impl Into<String>) {
        let url = url.as_ref();
        match Url::parse(url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => {
                self.shared.state().webhooks.add(parsed, secret.into());
            }
            _ => panic!("{url:?} is not an http or https URL"),
        }
    }

    /// Sends an event of any type to the webhooks.
    ///
    /// Use it for events that are not sent automatically, and to repeat or reorder deliveries.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::FiefTestServer;
    /// use serde_json::json;
    ///
    /// let server = FiefTestServer::start().await;
    /// server.add_webhook("http://127.0.0.1:3000/webhooks/fief", "s3cret");
    /// let user = server.user_id("anne@example.com");
    /// server.send_webhook("user.password_reset", json!({ "id": user }));
    /// # }
    /// ```
    pub fn send_webhook(&self, event: impl Into<String>, data: impl Into<Value>) {
        let (event, data) = (event.into(), data.into());
        self.shared.state().webhooks.send(&event, &data);
    }

    fn change_keys(&self, change: impl FnOnce(&mut Vec<SigningKey>, SigningKey)) {
        let mut state = self.shared.state();
        let key = match state.new_key() {
            Ok(key) => key,
            Err(error) => panic!("fief-test-server cannot generate a key: {error}"),
        };
        if let Some(tenant) = state.tenant_mut("") {
            change(&mut tenant.keys, key);
        }
    }
}
