use std::{fmt, sync::Arc, thread::JoinHandle};

use tokio::sync::oneshot;

use crate::{keys::jwe, shared::Shared};

/// A Fief server on 127.0.0.1. It stops when this handle is dropped.
///
/// Any number of them can run at once.
pub struct FiefTestServer {
    pub(crate) shared: Arc<Shared>,
    issuer: String,
    client_id: String,
    client_secret: String,
    running: Option<Running>,
}

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) thread: JoinHandle<()>,
}

impl FiefTestServer {
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

    /// The base URL, such as `http://127.0.0.1:8000`. A tenant's is this with its slug.
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
}

impl Drop for FiefTestServer {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            // Fails only if the thread has ended already.
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
