use fief_test_server::{Client, FiefTestServer, User};
use fief_tests::{OwnNginx, OwnRedis, Process, free_port};

/// `examples/web` behind nginx, and the Fief that it uses.
pub(super) struct Place {
    /// Where browsers reach it.
    pub(super) url: String,
    pub(super) nginx: OwnNginx,
    pub(super) server: FiefTestServer,
    _replicas: Vec<Process>,
    _redis: Option<OwnRedis>,
}

/// How it is set up. The default is a single process at the root of an http server.
pub(super) struct Setup {
    /// The path of the application's URL.
    pub(super) path: &'static str,
    /// What follows `proxy_pass http://up`, which decides whether the path is kept or stripped.
    pub(super) passed_to: &'static str,
    /// Directives outside of the server.
    pub(super) shared_settings: &'static str,
    /// Directives of the server.
    pub(super) settings: &'static str,
    pub(super) listen: Listen,
    pub(super) replicas: usize,
    pub(super) has_redis: bool,
    /// How many permissions the user has.
    pub(super) permissions: usize,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Listen {
    Http,
    Https,
    Http2,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            path: "",
            passed_to: "",
            shared_settings: "",
            settings: "",
            listen: Listen::Http,
            replicas: 1,
            has_redis: false,
            permissions: 0,
        }
    }
}

impl Place {
    pub(super) async fn start(setup: Setup) -> Self {
        let server = fief(setup.permissions).await;
        let redis = setup.has_redis.then(|| OwnRedis::start(&[]));
        let port = free_port();
        let scheme = setup.listen.scheme();
        let url = format!("{scheme}://127.0.0.1:{port}{}", setup.path);
        let ports: Vec<_> = (0..setup.replicas)
            .map(|_| free_port().to_string())
            .collect();
        let redis_url = redis.as_ref().map(OwnRedis::url).unwrap_or_default();
        let replicas = ports.iter().map(|port| {
            let mut web = Process::start(
                "example-web",
                &[
                    ("APP_URL", &url),
                    ("FIEF_BASE_URL", server.url()),
                    ("FIEF_CLIENT_ID", server.client_id()),
                    ("FIEF_CLIENT_SECRET", server.client_secret()),
                    ("PORT", port),
                    ("REDIS_URL", &redis_url),
                    ("SESSION_KEY", SESSION_KEY),
                ],
            );
            assert_eq!(web.value_of("App"), url);
            web
        });
        let replicas = replicas.collect();
        let nginx = OwnNginx::start_at(port, &setup.directives(&ports));
        Self {
            url,
            nginx,
            server,
            _replicas: replicas,
            _redis: redis,
        }
    }
}

impl Setup {
    fn directives(&self, ports: &[String]) -> String {
        let upstreams = ports.iter().map(|port| format!("server 127.0.0.1:{port};"));
        let upstreams: String = upstreams.collect();
        let Self {
            path,
            passed_to,
            shared_settings,
            settings,
            listen,
            ..
        } = self;
        let listen = listen.directives();
        format!(
            "upstream up {{ {upstreams} }}
             {shared_settings}
             server {{
                 {listen}
                 {settings}
                 location {path}/ {{ proxy_pass http://up{passed_to}; }}
             }}"
        )
    }
}

impl Listen {
    fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https | Self::Http2 => "https",
        }
    }

    fn directives(self) -> String {
        let protocols = match self {
            Self::Http => return "listen 127.0.0.1:{port};".to_owned(),
            Self::Https => "ssl",
            Self::Http2 => "ssl http2",
        };
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/client/certificates");
        format!(
            "listen 127.0.0.1:{{port}} {protocols};
             ssl_certificate {folder}/good.pem;
             ssl_certificate_key {folder}/key.pem;"
        )
    }
}

async fn fief(permissions: usize) -> FiefTestServer {
    let names = (0..permissions).map(|n| format!("castles:action-{n}"));
    let anne = User::new(super::ANNE.0, super::ANNE.1)
        .permission("castles:read")
        .permission("castles:create");
    let anne = names.fold(anne, User::permission);
    FiefTestServer::builder()
        // The size of Fief's own keys.
        .key_bits(4096)
        .client(Client::new("castles").secret("secret"))
        .user(anne)
        .start()
        .await
        .unwrap()
}

const SESSION_KEY: &str = "8f1d6a20c4b7395e8f1d6a20c4b7395e8f1d6a20c4b7395e8f1d6a20c4b7395e";
