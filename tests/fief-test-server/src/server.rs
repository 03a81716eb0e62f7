use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, SystemTime},
};

use tokio::sync::oneshot;

use crate::{
    Endpoint, Fault, FiefTestServerBuilder, MintAccessToken, MintIdToken, User,
    authorize::{AuthorizeRequest, Refusal},
    call::Call,
    clock::Clock,
    consent::{code_url, grant_consent},
    jwe,
    keys::SigningKey,
    state::{Session, State},
    traffic::Traffic,
};

/// A Fief server on 127.0.0.1, until it is dropped.
///
/// Any number of them can run at once.
pub struct FiefTestServer {
    shared: Arc<Shared>,
    issuer: String,
    client_id: String,
    client_secret: String,
    running: Option<Running>,
}

/// What the handle and the server's thread have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) url: String,
    pub(crate) authority: String,
    pub(crate) domain: String,
    pub(crate) clock: Clock,
    pub(crate) state: Mutex<State>,
    pub(crate) traffic: Mutex<Traffic>,
}

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) thread: JoinHandle<()>,
}

impl FiefTestServer {
    /// Starts a server with one confidential client and one user, `anne@example.com` with the
    /// password `herminetincture`.
    ///
    /// # Panics
    ///
    /// Panics when the machine has no free port or thread.
    pub async fn start() -> Self {
        match Self::builder().start().await {
            Ok(server) => server,
            Err(error) => panic!("fief-test-server cannot start: {error}"),
        }
    }

    /// Starts describing a server.
    pub fn builder() -> FiefTestServerBuilder {
        FiefTestServerBuilder::default()
    }

    pub(crate) fn new(shared: Arc<Shared>, running: Running) -> Self {
        let state = shared.state();
        let client = state.clients.first();
        let (client_id, client_secret) = client
            .map(|client| (client.id.clone(), client.secret.clone()))
            .unwrap_or_default();
        drop(state);
        Self {
            issuer: shared.issuer(""),
            client_id,
            client_secret,
            running: Some(running),
            shared,
        }
    }

    /// Where it listens, as in `http://127.0.0.1:8000`. A tenant's address is this with its slug.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The issuer of the default tenant, which is https as in Fief.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The id of the first client.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The secret of the first client.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// The private JWK that decrypts encrypted ID tokens, as Fief shows it once. It is the same
    /// for all clients.
    ///
    /// # Panics
    ///
    /// Panics when the machine cannot make a key.
    #[must_use]
    pub fn encryption_key(&self) -> String {
        let jwk = jwe::key_pair().map(|pair| jwe::private_jwk(&pair));
        match jwk {
            Ok(Ok(jwk)) => jwk.to_string(),
            _ => panic!("fief-test-server cannot make an encryption key"),
        }
    }

    /// Describes an access token, by default a good one of the first client and the first user.
    pub fn access_token(&self) -> MintAccessToken {
        MintAccessToken::new(self.shared.clone(), &self.client_id)
    }

    /// Describes an ID token, by default a good one of the first client and the first user.
    pub fn id_token(&self) -> MintIdToken {
        MintIdToken::new(self.shared.clone(), &self.client_id)
    }

    /// Logs a user in without a page: the address with the code, or with an error, that the
    /// browser would be sent back to.
    ///
    /// The user consents to everything, and no request is counted.
    ///
    /// # Panics
    ///
    /// Panics when there is no such user, and where Fief would show an error page: when the
    /// address is not one of `/authorize`, or names an unknown client or redirect URI.
    #[allow(
        clippy::unused_async,
        reason = "a login is awaited, wherever it takes place"
    )]
    pub async fn log_in(&self, email: &str, authorize_url: impl AsRef<str>) -> String {
        match self.shared.log_in(email, authorize_url.as_ref()) {
            Ok(url) => url,
            Err(reason) => panic!("{email} cannot be logged in: {reason}"),
        }
    }

    /// The server's time, for the client under test.
    pub fn clock(&self) -> impl Fn() -> SystemTime + Clone + Send + Sync + 'static {
        let clock = self.shared.clock.clone();
        move || clock.now()
    }

    /// Moves the server's time on.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
    }

    /// Stops the server's time there; from then on only [`advance`](Self::advance) moves it.
    pub fn set_time(&self, time: SystemTime) {
        self.shared.clock.set(time);
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn kid(&self) -> String {
        let state = self.shared.state();
        let key = state.tenant("").and_then(|tenant| tenant.signing_key());
        key.map(|key| key.kid.clone()).unwrap_or_default()
    }

    /// Replaces the keys of the default tenant: what they signed is not good any more.
    ///
    /// # Panics
    ///
    /// Panics when the machine cannot make a key.
    pub fn rotate_key(&self) {
        self.change_keys(|keys, key| *keys = vec![key]);
    }

    /// Adds a key to the default tenant, which signs from now on. The former ones stay good.
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

    /// How many requests came to an endpoint.
    #[must_use]
    pub fn requests(&self, endpoint: Endpoint) -> usize {
        self.shared.traffic().requests(endpoint)
    }

    /// Waits until so many requests came to an endpoint.
    pub async fn arrived(&self, endpoint: Endpoint, requests: usize) {
        let mut arrivals = self.shared.traffic().arrivals();
        while self.requests(endpoint) < requests {
            // The sender lives as long as this server.
            let _ = arrivals.changed().await;
        }
    }

    /// Starts counting anew.
    pub fn reset_requests(&self) {
        self.shared.traffic().reset_requests();
    }

    /// Makes an endpoint fail until [`clear_faults`](Self::clear_faults).
    pub fn fault(&self, endpoint: Endpoint, fault: Fault) {
        self.shared.traffic().fault(endpoint, fault);
    }

    /// Makes an endpoint fail once. Given more than once, the faults come in turn.
    pub fn fault_once(&self, endpoint: Endpoint, fault: Fault) {
        self.shared.traffic().fault_once(endpoint, fault);
    }

    /// Ends all faults. Requests that hang are answered.
    pub fn clear_faults(&self) {
        self.shared.traffic().clear_faults();
    }

    /// Makes a user active or inactive.
    ///
    /// # Panics
    ///
    /// Panics when there is no such user.
    pub fn set_active(&self, email: &str, is_active: bool) {
        self.change_user(email, |user| user.is_active = is_active);
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
        self.change_user(email, |user| user.permissions = permissions);
    }

    /// Deletes a user.
    ///
    /// # Panics
    ///
    /// Panics when there is no such user.
    pub fn delete_user(&self, email: &str) {
        let mut state = self.shared.state();
        let before = state.users.len();
        state.users.retain(|user| user.email != email);
        assert!(state.users.len() < before, "there is no user {email}");
    }

    fn change_user(&self, email: &str, change: impl FnOnce(&mut User)) {
        let mut state = self.shared.state();
        let user = state.users.iter_mut().find(|user| user.email == email);
        let Some(user) = user else {
            panic!("there is no user {email}");
        };
        change(user);
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

impl Drop for FiefTestServer {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            // It fails only when the thread has ended by itself.
            let _ = running.stop.send(());
            let _ = running.thread.join();
        }
    }
}

impl fmt::Debug for FiefTestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefTestServer")
            .field("url", &self.shared.url)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// The issuer of a tenant: always https, whatever address the server has.
    pub(crate) fn issuer(&self, slug: &str) -> String {
        match slug {
            "" => format!("https://{}", self.domain),
            slug => format!("https://{}/{slug}", self.domain),
        }
    }

    /// Never held across an await, nor while a token is minted.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_in(&self, email: &str, authorize_url: &str) -> Result<String, String> {
        let url = url::Url::parse(authorize_url).map_err(|error| error.to_string())?;
        let Some((tenant, Endpoint::Authorize)) = Endpoint::find(url.path()) else {
            return Err(format!("{} is not /authorize", url.path()));
        };
        let call = Call {
            fief: self,
            tenant,
            method: axum::http::Method::GET,
            query: url.query().unwrap_or_default(),
            headers: axum::http::HeaderMap::new(),
            body: Vec::new(),
        };
        let mut state = self.state();
        let request = match AuthorizeRequest::parse(&call, &state) {
            Ok(request) => request,
            Err(Refusal::Redirect(url)) => return Ok(url),
            Err(Refusal::Page(code, _)) => return Err(code.to_owned()),
            Err(Refusal::MaxAge(text)) => return Err(format!("max_age is {text:?}")),
        };
        let user = state.user_by_email(tenant, email);
        let user = user.filter(|user| user.is_active).map(|user| user.id);
        let session = Session {
            user: user.ok_or("there is no such active user")?,
            tenant: tenant.to_owned(),
            auth_time: self.clock.seconds(),
        };
        grant_consent(&mut state, session.user, &request);
        code_url(&call, &mut state, &request, &session)
            .ok_or_else(|| "the server has no key".to_owned())
    }
}
