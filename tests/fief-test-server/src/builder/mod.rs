//! The builder of a server, and the server's thread.

mod validate;

use std::{
    io, iter,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
    time::SystemTime,
};

use tokio::{
    runtime,
    sync::{mpsc, oneshot},
};

use crate::{
    Client, FiefTestServer, Notice, User, UserField,
    clock::Clock,
    crypto::random_string,
    keys::jwe,
    serve::serve,
    server::Running,
    shared::{NoticeHandler, Shared},
    state::State,
    traffic::Traffic,
    webhook::{Delivery, QUEUE_CAPACITY, Webhooks, deliver},
};

/// Builder of a [`FiefTestServer`].
///
/// Created by [`FiefTestServer::builder`]. What is not set has the default of its setter: a
/// builder without a client has one, and a builder without a user has `anne@example.com`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use fief_test_server::{Client, FiefTestServer, FieldType, User, UserField};
///
/// let server = FiefTestServer::builder()
///     .tenant("second")
///     .client(Client::new("castles"))
///     .client(Client::public("cli").tenant("second"))
///     .user_field(UserField::new("first_name", FieldType::String))
///     .user(User::new("anne@example.com", "herminetincture").field("first_name", "Anne"))
///     .user(User::new("louis@example.com", "porcupine").tenant("second"))
///     .start()
///     .await?;
/// assert_eq!(server.client_id(), "castles");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "no server runs unless `start` is called"]
pub struct FiefTestServerBuilder {
    address: Option<IpAddr>,
    port: u16,
    domain: Option<String>,
    key_bits: Option<u32>,
    tenants: Vec<String>,
    clients: Vec<Client>,
    users: Vec<User>,
    fields: Vec<UserField>,
    on_notice: NoticeHandler,
}

impl FiefTestServer {
    /// Starts a server with the defaults.
    ///
    /// It has one confidential first-party client, which accepts any absolute redirect URI, and
    /// one user, `anne@example.com` with the password `herminetincture`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// assert!(server.url().starts_with("http://127.0.0.1:"));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the server cannot be started, for example if no port is free.
    pub async fn start() -> Self {
        match Self::builder().start().await {
            Ok(server) => server,
            Err(error) => panic!("fief-test-server cannot start: {error}"),
        }
    }

    /// Returns a builder to configure tenants, clients, users and more.
    pub fn builder() -> FiefTestServerBuilder {
        FiefTestServerBuilder::default()
    }
}

impl FiefTestServerBuilder {
    /// Sets the port on 127.0.0.1. Default: 0, which is any free one.
    ///
    /// Leave the default in tests: with a fixed port they cannot run in parallel.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the address to listen on. Default: 127.0.0.1.
    ///
    /// # Security
    ///
    /// Any address but a loopback one exposes the server, whose secrets are public. It is for
    /// containers, whose networks have addresses of their own. With an unspecified address such as
    /// `0.0.0.0`, [`FiefTestServer::url`] has 127.0.0.1.
    pub fn listen(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Calls a function with each [`Notice`], for example to print it. Default: they are dropped.
    ///
    /// The function is called by the server's thread, which waits for it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let builder = FiefTestServer::builder().on_notice(|notice| eprintln!("{notice}"));
    /// let server = builder.start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_notice(mut self, on_notice: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        self.on_notice = NoticeHandler(Arc::new(on_notice));
        self
    }

    /// Sets the domain of the issuers, which are `https://{domain}`. Default: `127.0.0.1` and the
    /// port.
    ///
    /// It is Fief's setting `FIEF_DOMAIN`, and does not change the server's URL. Use it to test a
    /// deployment where Fief's public name differs from the one the application connects to.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::builder().domain("fief.example.com").start().await?;
    /// assert_eq!(server.issuer(), "https://fief.example.com");
    /// assert!(server.url().starts_with("http://127.0.0.1:"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Sets the size of the signing keys: 2048, 3072 or 4096 bits. Default: 2048.
    ///
    /// Fief's default is 4096. Generating such a key may take seconds, so set it only if the size
    /// of tokens matters, for example to measure cookies.
    pub fn key_bits(mut self, bits: u32) -> Self {
        self.key_bits = Some(bits);
        self
    }

    /// Adds a tenant in addition to the default one. Its base URL ends with `/{slug}`.
    ///
    /// Slugs are lower-case letters, digits and hyphens. Each tenant has its own key, issuer,
    /// clients and users.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use fief_test_server::{Client, FiefTestServer, User};
    ///
    /// let server = FiefTestServer::builder()
    ///     .tenant("second")
    ///     .client(Client::new("castles").tenant("second"))
    ///     .user(User::new("louis@example.com", "porcupine").tenant("second"))
    ///     .start()
    ///     .await?;
    /// let base_url = format!("{}/second", server.url());
    /// let token = server.access_token().tenant("second").mint();
    /// # Ok(())
    /// # }
    /// ```
    pub fn tenant(mut self, slug: impl Into<String>) -> Self {
        self.tenants.push(slug.into());
        self
    }

    /// Adds a client. Default: a confidential first-party client with a random id.
    ///
    /// [`FiefTestServer::client_id`] and [`FiefTestServer::client_secret`] are those of the first
    /// one, and tokens are minted for it.
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// Adds a user. Default: `anne@example.com` with the password `herminetincture` and the field
    /// `first_name`.
    ///
    /// The first one is the default subject of minted tokens.
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// Declares a user field. Default: the fields of the users, with the types of their values.
    ///
    /// Profile updates accept only fields that are declared in one way or the other. Declare a
    /// field that no user has yet, or that has a type that a JSON value does not show, such as a
    /// date.
    pub fn user_field(mut self, field: UserField) -> Self {
        self.fields.push(field);
        self
    }

    /// Starts the server on its own thread. It runs until the handle is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if the port is in use, the key size is not supported, a tenant's slug is
    /// invalid, two tenants, two clients or two users of a tenant have the same name, or a client
    /// or user belongs to an unknown tenant.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use std::io::ErrorKind;
    /// use fief_test_server::{Client, FiefTestServer};
    ///
    /// let client = Client::new("castles").tenant("unknown");
    /// let result = FiefTestServer::builder().client(client).start().await;
    /// assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
    /// # }
    /// ```
    pub async fn start(self) -> io::Result<FiefTestServer> {
        let address = self.address.unwrap_or(Ipv4Addr::LOCALHOST.into());
        let listener = TcpListener::bind((address, self.port)).map_err(|error| {
            io::Error::new(error.kind(), format!("port {}: {error}", self.port))
        })?;
        listener.set_nonblocking(true)?;
        let authority = authority(listener.local_addr()?);

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

    /// Returns the initial state, with the defaults of what was not set.
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

    /// Returns the declared fields, and those that only users have.
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

/// Returns the address and port of URLs.
fn authority(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    address.to_string()
}

/// Runs the server until `stopped`, in a runtime of its own.
///
/// The runtime is dropped at the end, which closes all connections. The result of the start is
/// sent to `started`.
fn run(
    builder: FiefTestServerBuilder,
    listener: TcpListener,
    authority: String,
    started: oneshot::Sender<io::Result<Arc<Shared>>>,
    stopped: oneshot::Receiver<()>,
) {
    let domain = builder.domain.clone();
    let on_notice = builder.on_notice.clone();
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
            on_notice,
        });
        Ok((runtime, shared))
    };
    let (runtime, shared) = match start() {
        Ok(parts) => parts,
        Err(error) => {
            // Fails if the caller no longer waits.
            let _ = started.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
            return;
        };
        if started.send(Ok(shared.clone())).is_ok() {
            // `stopped` completes when the handle is dropped.
            tokio::select! {
                () = deliver(deliveries, shared.clock.clone()) => {}
                () = serve(listener, shared) => {}
                _ = stopped => {}
            }
        }
    });
}
