//! The handle to a running server.

use std::{fmt, sync::Arc, thread::JoinHandle};

use tokio::sync::oneshot;

use crate::{keys::jwe, shared::Shared};

/// Handle to a Fief server on 127.0.0.1, which runs until the handle is dropped.
///
/// [`start`](Self::start) starts one with a client and a user; [`builder`](Self::builder)
/// configures one. The methods of the handle mint tokens, change what the server stores, set its
/// time, and make it fail.
///
/// Any number of servers can run at once. Their RSA keys are generated once per process and
/// shared; the ids of the keys, the issuers and everything else differ.
///
/// Dropping the handle closes all connections and waits for the server's thread to end. Use that
/// to test an application while Fief is unreachable:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::net::TcpStream;
/// use fief_test_server::FiefTestServer;
///
/// let server = FiefTestServer::start().await;
/// let address = server.url().trim_start_matches("http://").to_owned();
/// assert!(TcpStream::connect(&address).is_ok());
///
/// drop(server);
/// assert!(TcpStream::connect(&address).is_err());
/// # }
/// ```
///
/// To test a Fief that fails in other ways, see [`fault`](Self::fault).
pub struct FiefTestServer {
    pub(crate) shared: Arc<Shared>,
    issuer: String,
    client_id: String,
    client_secret: String,
    running: Option<Running>,
}

/// The thread of a running server, and the sender that stops it.
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

    /// Returns the base URL, for example `http://127.0.0.1:8000`.
    ///
    /// The base URL of another tenant is this one followed by its slug.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::builder().tenant("second").start().await?;
    /// let second = format!("{}/second", server.url());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// Returns the issuer of the default tenant, which is `iss` in its tokens.
    ///
    /// It differs from [`url`](Self::url): Fief's issuers are always https. A client takes the
    /// issuer from the discovery document, so most tests do not need it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// assert_eq!(server.issuer(), server.url().replace("http://", "https://"));
    /// # }
    /// ```
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the id of the first client.
    ///
    /// It is random, unless the server was built with a [`client`].
    ///
    /// [`client`]: crate::FiefTestServerBuilder::client
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the secret of the first client.
    ///
    /// It is random, unless it was set with [`Client::secret`](crate::Client::secret).
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// Returns the private key that decrypts encrypted ID tokens, as a JWK.
    ///
    /// It has the format in which Fief shows the key to an administrator. It is the same for all
    /// clients, and for all servers of a process.
    ///
    /// Use it for a client with [`encrypted_id_tokens`], or to decrypt tokens minted with
    /// [`encrypted`].
    ///
    /// [`encrypted`]: crate::IdTokenBuilder::encrypted
    /// [`encrypted_id_tokens`]: crate::Client::encrypted_id_tokens
    ///
    /// # Panics
    ///
    /// Panics if the key cannot be generated.
    #[must_use]
    pub fn encryption_key(&self) -> String {
        let jwk = jwe::key_pair().map(|pair| jwe::private_jwk(&pair));
        match jwk {
            Ok(Ok(jwk)) => jwk.to_string(),
            _ => panic!("fief-test-server cannot generate an encryption key"),
        }
    }
}

impl Drop for FiefTestServer {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            // Fails only if the thread has already ended.
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
