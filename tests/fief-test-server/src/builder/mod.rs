mod validate;

use std::{
    io, iter,
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
    thread,
    time::SystemTime,
};

use tokio::{
    runtime,
    sync::{mpsc, oneshot},
};

use crate::{
    Client, FiefTestServer, User, UserField,
    clock::Clock,
    crypto::random_string,
    keys::jwe,
    serve::serve,
    server::Running,
    shared::Shared,
    state::State,
    traffic::Traffic,
    webhook::{Delivery, QUEUE_CAPACITY, Webhooks, deliver},
};

/// Builder of a [`FiefTestServer`].
#[derive(Clone, Debug, Default)]
#[must_use = "no server runs unless `start` is called"]
pub struct FiefTestServerBuilder {
    port: u16,
    domain: Option<String>,
    key_bits: Option<u32>,
    tenants: Vec<String>,
    clients: Vec<Client>,
    users: Vec<User>,
    fields: Vec<UserField>,
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

    /// Returns a builder to configure a server.
    pub fn builder() -> FiefTestServerBuilder {
        FiefTestServerBuilder::default()
    }
}

impl FiefTestServerBuilder {
    /// The port on 127.0.0.1. Default: 0, any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The domain that issuers carry: `https://{domain}`, whatever address the server has, as in
    /// Fief. Default: `127.0.0.1` with the port.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// The size of the signing keys: 2048, 3072 or 4096 bits. Default: 2048, which is fast to
    /// make; Fief's own default is 4096.
    pub fn key_bits(mut self, bits: u32) -> Self {
        self.key_bits = Some(bits);
        self
    }

    /// Adds a tenant, at `/{slug}`, beside the default one.
    pub fn tenant(mut self, slug: impl Into<String>) -> Self {
        self.tenants.push(slug.into());
        self
    }

    /// Adds a client. [`FiefTestServer::client_id`] is that of the first one.
    /// Default: a confidential first-party client with a random id.
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// Adds a user. The first one is the default subject of minted tokens.
    /// Default: `anne@example.com` with the password `herminetincture`.
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// Declares a user field. Default: the fields that users were given, with the types that
    /// their values have.
    pub fn user_field(mut self, field: UserField) -> Self {
        self.fields.push(field);
        self
    }

    /// Starts the server on its own thread. It stops when the handle is dropped.
    ///
    /// # Errors
    ///
    /// Fails if the port is in use, the key size is not one of the three, two clients, users or
    /// tenants are the same, or one belongs to an unknown tenant.
    pub async fn start(self) -> io::Result<FiefTestServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).map_err(|error| {
            io::Error::new(error.kind(), format!("port {}: {error}", self.port))
        })?;
        listener.set_nonblocking(true)?;
        let authority = listener.local_addr()?.to_string();

        let (started, startup) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("fief-test-server".to_owned())
            .spawn(move || run(self, listener, authority, started, stopped))?;
        let shared = startup
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the server's thread ended")))?;
        Ok(FiefTestServer::new(shared, Running { stop, thread }))
    }

    fn state(mut self, now: SystemTime, queue: mpsc::Sender<Delivery>) -> io::Result<State> {
        if self.clients.is_empty() {
            let id = random_string();
            self.clients.push(Client::new(id).name("Test application"));
        }
        if self.users.is_empty() {
            let anne = User::new("anne@example.com", "herminetincture");
            self.users.push(anne.field("first_name", "Anne"));
        }
        self.validate()?;
        if self.clients.iter().any(|client| client.encrypts_id_tokens) {
            jwe::key_pair()?;
        }
        let mut state = State::new(self.key_bits.unwrap_or(2048), Webhooks::new(queue));
        for slug in iter::once("").chain(self.tenants.iter().map(String::as_str)) {
            state.add_tenant(slug, now)?;
        }
        state.fields = self.all_fields();
        state.clients = self.clients;
        for user in self.users {
            state.add_user(user, now);
        }
        Ok(state)
    }

    fn all_fields(&self) -> Vec<UserField> {
        let mut fields = self.fields.clone();
        for (slug, value) in self.users.iter().flat_map(|user| &user.fields) {
            if fields.iter().all(|field| field.slug != *slug) {
                fields.push(UserField::inferred(slug, value));
            }
        }
        fields
    }
}

/// Runs the server's thread, whose runtime ends with it, and so does every connection.
fn run(
    builder: FiefTestServerBuilder,
    listener: TcpListener,
    authority: String,
    started: oneshot::Sender<io::Result<Arc<Shared>>>,
    stopped: oneshot::Receiver<()>,
) {
    let domain = builder.domain.clone();
    let (queue, deliveries) = mpsc::channel(QUEUE_CAPACITY);
    let start = || {
        let clock = Clock::default();
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let shared = Arc::new(Shared {
            url: format!("http://{authority}"),
            domain: domain.unwrap_or_else(|| authority.clone()),
            authority,
            state: Mutex::new(builder.state(clock.now(), queue)?),
            clock,
            traffic: Mutex::new(Traffic::default()),
        });
        Ok((runtime, shared))
    };
    let (runtime, shared) = match start() {
        Ok(parts) => parts,
        Err(error) => {
            // Fails if the caller does not wait any more.
            let _ = started.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
            return;
        };
        if started.send(Ok(shared.clone())).is_ok() {
            // Until the handle is dropped.
            tokio::select! {
                () = deliver(deliveries, shared.clock.clone()) => {}
                () = serve(listener, shared) => {}
                _ = stopped => {}
            }
        }
    });
}
