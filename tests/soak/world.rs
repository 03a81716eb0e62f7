//! What all tasks of the load share: Fief, the processes of the applications, and the checker.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use fief_test_server::{Client, FiefTestServer, User};
use fief_tests::OwnRedis;

use super::{
    application::Settings,
    checker::{Disturbances, Identity, Report},
    planted::Planted,
    replica::Replica,
    wire::Wire,
};

pub const SECRET: &str = "Mj3moMev93UYxQhumtsHoE82dCK1ShXQtVsQjSkaNjY";
/// Refreshed at half of it.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(16);
/// The sessions in cookies end by themselves.
pub const COOKIE_LIFETIME: Duration = Duration::from_secs(75);
/// A failure is remembered for five seconds, and a request that began before may wait for as long as that.
pub const RECOVERY: Duration = Duration::from_secs(11);

pub struct World {
    pub fief: FiefTestServer,
    pub wire: Wire,
    pub report: Report,
    pub disturbances: Disturbances,
    pub keys: Mutex<Keys>,
    pub cookies: Deployment,
    pub store: Option<Deployment>,
    pub until: Instant,
}

/// An application: one process with sessions in cookies, or two that share a store.
pub struct Deployment {
    pub name: &'static str,
    pub replicas: Vec<Replica>,
    /// How long a session lasts, if it ends during the run.
    pub lifetime: Option<Duration>,
}

/// The keys of Fief, and which of them the processes have used.
#[derive(Default)]
pub struct Keys {
    pub published: HashMap<String, Instant>,
    pub removed: HashMap<String, Instant>,
    /// When a process was first seen to accept a token of a key.
    pub accepted: HashMap<(String, String), Instant>,
}

impl World {
    /// Starts everything, for a run of this duration.
    pub async fn start(users: usize, duration: Duration, redis: Option<&OwnRedis>) -> Self {
        Self::with(users, duration, redis, None).await
    }

    pub async fn with(
        users: usize,
        duration: Duration,
        redis: Option<&OwnRedis>,
        planted: Option<Planted>,
    ) -> Self {
        let client = Client::new("castles").token_lifetime(TOKEN_LIFETIME);
        let builder = (0..users).fold(FiefTestServer::builder().client(client), |builder, n| {
            builder.user(User::new(email(n), "herminetincture"))
        });
        let fief = builder.start().await.unwrap();
        let settings = Settings {
            port: 0,
            fief: fief.url().to_owned(),
            client_id: fief.client_id().to_owned(),
            client_secret: fief.client_secret().to_owned(),
            webhook_secret: SECRET.to_owned(),
            redis: None,
            fief_timeout: None,
            session_lifetime: COOKIE_LIFETIME.as_secs(),
            planted,
        };
        let cookies = Deployment {
            name: "cookies",
            replicas: vec![Replica::start(settings.clone()).await],
            lifetime: Some(COOKIE_LIFETIME),
        };
        let store = match redis {
            Some(redis) => Some(in_redis(settings, redis).await),
            None => None,
        };
        let published = HashMap::from([(fief.kid(), Instant::now())]);
        let world = Self {
            fief,
            wire: Wire::new(),
            report: Report::default(),
            disturbances: Disturbances::default(),
            keys: Mutex::new(Keys {
                published,
                ..Keys::default()
            }),
            cookies,
            store,
            until: Instant::now() + duration,
        };
        world.prepare().await;
        world
    }

    /// Lets the processes fetch the keys, and Fief send its webhooks.
    async fn prepare(&self) {
        for deployment in self.deployments() {
            for replica in &deployment.replicas {
                let ready = self.wire.get(&format!("{}/ready", replica.url())).await;
                assert_eq!(ready.unwrap().status, 200);
            }
            let url = format!("{}/webhooks", deployment.replicas[0].url());
            self.fief.add_webhook(url, SECRET);
        }
    }

    pub fn deployments(&self) -> impl Iterator<Item = &Deployment> {
        std::iter::once(&self.cookies).chain(&self.store)
    }

    pub fn identity(&self, email: &str) -> Identity {
        Identity {
            id: self.fief.user_id(email).to_string(),
            email: email.to_owned(),
        }
    }

    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Returns whether a request may have been rejected with 503, since Fief failed.
    pub fn is_disturbed(&self, sent: Instant) -> bool {
        self.disturbances.affect(sent, Instant::now(), RECOVERY)
    }
}

async fn in_redis(settings: Settings, redis: &OwnRedis) -> Deployment {
    let settings = Settings {
        redis: Some(redis.url()),
        session_lifetime: 24 * 3600,
        ..settings
    };
    Deployment {
        name: "Redis",
        replicas: vec![
            Replica::start(settings.clone()).await,
            Replica::start(settings).await,
        ],
        lifetime: None,
    }
}

pub fn email(n: usize) -> String {
    format!("user-{n}@example.com")
}
