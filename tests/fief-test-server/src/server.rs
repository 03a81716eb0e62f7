use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use tokio::sync::oneshot;

use crate::{
    FiefTestServerBuilder, MintAccessToken, MintIdToken, clock::Clock, jwe, state::State,
    traffic::Traffic,
};

/// A Fief server on 127.0.0.1, until it is dropped.
///
/// Any number of them can run at once.
pub struct FiefTestServer {
    pub(crate) shared: Arc<Shared>,
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
}
