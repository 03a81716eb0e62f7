//! Sessions whose cookies or records a process has opened before: it must respond as one that has never seen them.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
    routing::get,
};
use fief_axum::{CurrentSession, FiefAuth, FiefAuthBuilder, Rejection};
use fief_client::{Fief, Requirements};
use fief_test_server::{Client, FiefTestServer};

use tower_sessions_core::session::{Id, Record};

use super::{Memory, Visitor, app, builder, key, logged_in, page};
use crate::web::{self, APP, EMAIL};

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

/// Settings of an application, and how long its access tokens are valid.
struct Setting {
    build: fn(FiefAuthBuilder) -> FiefAuthBuilder,
    token_lifetime: u64,
    /// Whether a process remembers newer tokens than older records have.
    refreshes: bool,
}

const SETTINGS: [Setting; 4] = [
    Setting {
        build: |auth| auth,
        token_lifetime: 2 * HOUR,
        refreshes: false,
    },
    Setting {
        build: |auth| auth.idle_timeout(Duration::from_secs(20 * MINUTE)),
        token_lifetime: 48 * HOUR,
        refreshes: false,
    },
    Setting {
        build: |auth| {
            auth.offline_access()
                .refresh_after(Duration::from_secs(10 * MINUTE))
        },
        token_lifetime: 2 * HOUR,
        refreshes: true,
    },
    Setting {
        build: |auth| {
            let lifetime = Duration::from_secs(96 * HOUR);
            let auth = auth.offline_access().session_lifetime(lifetime);
            auth.idle_timeout(lifetime)
        },
        token_lifetime: 200 * HOUR,
        refreshes: true,
    },
];

/// After a process that has opened the cookies before has responded, one that has not finds nothing left to do, and
/// responds the same: in states of sessions, clocks, keys and cookies that are chosen at random.
#[tokio::test]
async fn cookies_that_were_opened_before_change_no_response() {
    compare_all(|| None).await;
}

/// The same for sessions in a store, whose records are also evicted, exchanged, and replaced by older ones.
#[tokio::test]
async fn records_that_were_opened_before_change_no_response() {
    compare_all(|| Some(Memory::default())).await;
}

async fn compare_all(store: fn() -> Option<Memory>) {
    for seed in 0..12 {
        for setting in &SETTINGS {
            let client =
                Client::new("castles").token_lifetime(Duration::from_secs(setting.token_lifetime));
            let server = FiefTestServer::builder()
                .client(client)
                .start()
                .await
                .unwrap();
            Place::new(&server, setting, store())
                .run(&mut Random(seed))
                .await;
        }
    }
}

/// Random numbers that are the same in each run, by SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % end
    }
}

/// The cookies are compared in full with those that were opened.
#[tokio::test]
async fn changed_cookies_are_not_those_that_were_opened() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let name = "__Host-fief_session";
    let sent = visitor.jar[name].clone();
    for _ in 0..2 {
        assert_eq!(visitor.open("/castles").await.status, 200);
    }

    for at in (2..sent.len()).step_by(7).chain([sent.len() - 1]) {
        let mut changed = sent.clone();
        let other = if changed.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        changed.replace_range(at..=at, other);
        visitor.jar.insert(name.into(), changed);
        assert_eq!(visitor.open("/castles").await.status, 303, "{at}");
    }
    for changed in [&sent[..sent.len() - 1], &format!("{sent}A"), "1."] {
        visitor.jar.insert(name.into(), changed.to_owned());
        assert_eq!(visitor.open("/castles").await.status, 303, "{changed}");
    }
    visitor.jar.insert(name.into(), sent);
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// A browser, and two processes of an application.
struct Place<'a> {
    server: &'a FiefTestServer,
    setting: &'a Setting,
    store: Option<Memory>,
    /// The records of before.
    older: HashMap<Id, Record>,
    fief: Fief,
    warm: FiefAuth,
    visitor: Visitor,
    /// A value of the cookie that says when the session was last used.
    older_seen: Option<String>,
    logged_in_at: SystemTime,
    is_accepted: bool,
    is_revoked: bool,
    history: Vec<String>,
}

impl<'a> Place<'a> {
    fn new(server: &'a FiefTestServer, setting: &'a Setting, store: Option<Memory>) -> Self {
        let fief = web::fief(server);
        let warm = auth(&fief, setting, store.as_ref());
        Self {
            server,
            setting,
            store,
            older: HashMap::new(),
            fief,
            visitor: Visitor::new(site(&warm)),
            warm,
            older_seen: None,
            logged_in_at: (server.clock())(),
            is_accepted: true,
            is_revoked: false,
            history: Vec::new(),
        }
    }

    async fn run(&mut self, random: &mut Random) {
        self.log_in().await;
        for _ in 0..40 {
            self.change(random).await;
            // The second one finds what the first one has remembered.
            for _ in 0..2 {
                self.compare(random).await;
            }
        }
    }

    /// Changes something that a session depends on.
    async fn change(&mut self, random: &mut Random) {
        let server = self.server;
        let pass = |seconds| server.advance(Duration::from_secs(seconds));
        if !self.is_accepted && random.below(2) == 0 {
            return self.log_in().await;
        }
        let change = match random.below(16) {
            0 => {
                // It is used shortly before it ends, or Fief must confirm it.
                let days = 1 + random.below(4) as u32;
                let at = self.logged_in_at + days * Duration::from_secs(24 * HOUR);
                if (server.clock())() < at {
                    server.set_time(at - Duration::from_secs(20));
                    self.visit().await;
                    pass(25);
                }
                format!("day {days} ends")
            }
            1 if random.below(4) == 0 => {
                let user = server.user_id(EMAIL);
                self.warm.revoke_user_sessions(user).await.unwrap();
                self.is_revoked = true;
                "revoke".into()
            }
            2 => {
                self.visit().await;
                server.rotate_key();
                // The keys are fetched, since a token has an unknown one; not at once if a
                // renewal of the old ones has just ended.
                let token = server.access_token().mint();
                let any = Requirements::new();
                for _ in 0..5 {
                    pass(31);
                    if self.fief.validate_access_token(&token, &any).await.is_ok() {
                        break;
                    }
                }
                "rotate Fief's key".into()
            }
            3 => {
                self.visitor.jar.remove(SEEN);
                "forget when it was seen".into()
            }
            4 => {
                self.visitor.jar.insert(SEEN.into(), "garbage".into());
                "an unreadable cookie".into()
            }
            5 if self.older_seen.is_some() => {
                let older = self.older_seen.take();
                self.visitor
                    .jar
                    .extend(older.map(|seen| (SEEN.into(), seen)));
                "an older cookie".into()
            }
            6 => {
                self.older_seen = self.visitor.jar.get(SEEN).cloned();
                "keep a cookie".into()
            }
            7 => {
                self.visitor
                    .jar
                    .insert("__Host-fief_logins".into(), "x".into());
                "a counter".into()
            }
            8 => {
                let now = (self.server.clock())();
                let seconds = [10, 59, 61, 2 * MINUTE][random.below(4)];
                self.server.set_time(now - Duration::from_secs(seconds));
                format!("set the clock back by {seconds} s")
            }
            9 => {
                // It is used shortly before its tokens are to be refreshed again.
                for seconds in [10 * MINUTE, 10 * MINUTE - 20, 25] {
                    self.visit().await;
                    pass(seconds);
                }
                "ten minutes of use".into()
            }
            10 => {
                self.server
                    .advance(Duration::from_secs(random.below(30) as u64 * HOUR));
                "hours pass".into()
            }
            11 if self.store.is_some() => self.change_records(random),
            _ => {
                let seconds = [
                    1,
                    20,
                    59,
                    60,
                    61,
                    9 * MINUTE,
                    19 * MINUTE,
                    20 * MINUTE,
                    59 * MINUTE,
                    HOUR,
                ];
                let seconds = seconds[random.below(10)];
                self.server.advance(Duration::from_secs(seconds));
                format!("{seconds} s pass")
            }
        };
        self.history.push(change);
    }

    /// Changes records behind the application's back.
    fn change_records(&mut self, random: &mut Random) -> String {
        let refreshes = self.setting.refreshes;
        let (older, mut change) = (&mut self.older, String::new());
        let Some(store) = &self.store else {
            return change;
        };
        store.change(|records| {
            let mut ids: Vec<_> = records.keys().copied().collect();
            ids.sort_unstable_by_key(|id| id.0);
            let (one, other) = (ids[random.below(ids.len())], ids[random.below(ids.len())]);
            change = match random.below(if refreshes { 2 } else { 4 }) {
                0 => {
                    records.remove(&one);
                    format!("{one} is evicted")
                }
                1 => {
                    let data = records[&other].data.clone();
                    records.get_mut(&one).unwrap().data = data;
                    format!("{one} has the text of {other}")
                }
                2 => {
                    older.clone_from(records);
                    "keep the records".into()
                }
                _ => {
                    for (id, record) in older.drain() {
                        records.insert(id, record);
                    }
                    "older records".into()
                }
            };
        });
        change
    }

    /// Opens a page, and once more with the cookies that the first response has set.
    async fn visit(&mut self) {
        self.visitor.open("/castles").await;
        self.visitor.open("/castles").await;
    }

    async fn log_in(&mut self) {
        // Sessions of other processes are void up to a minute after a revocation.
        self.server.advance(Duration::from_secs(2 * MINUTE));
        self.visitor.log_in(self.server, "/login").await;
        self.logged_in_at = (self.server.clock())();
        self.is_revoked = false;
        self.history.push("log in".into());
    }

    async fn compare(&mut self, random: &mut Random) {
        let kind = random.below(8);
        self.history.push(format!("request {kind}"));
        let expected = self.visitor.send(request(kind)).await;
        self.is_accepted = expected.status != 401 && expected.status != 303;
        let cold = auth(&self.fief, self.setting, self.store.as_ref());
        if self.is_revoked && self.store.is_none() {
            let user = self.server.user_id(EMAIL);
            cold.revoke_user_sessions(user).await.unwrap();
        }
        let cold = self.visitor.at(site(&cold));
        let (response, cookies) = cold.send_once(request(kind)).await;
        let history = &self.history;
        assert_eq!(response.status, expected.status, "{history:?}");
        assert_eq!(response.body, expected.body, "{history:?}");
        assert!(cookies.is_empty(), "{cookies:?} after {history:?}");
    }
}

fn auth(fief: &Fief, setting: &Setting, store: Option<&Memory>) -> FiefAuth {
    let auth = FiefAuth::builder(fief.clone())
        .login(APP, key())
        .cookie_name("fief");
    let auth = match store {
        Some(store) => auth.session_store(store.clone()),
        None => auth,
    };
    (setting.build)(auth).build().unwrap()
}

/// Returns an application with a page that needs all of the session.
fn site(auth: &FiefAuth) -> Router {
    Router::new()
        .route("/session", get(session))
        .route_layer(auth.require())
        .layer(auth.layer())
        .merge(app(auth))
}

async fn session(session: CurrentSession) -> Result<String, Rejection> {
    let token = session.access_token().await?;
    Ok(format!(
        "{:?} of {:?} with {token:?}",
        session.id(),
        session.created_at()
    ))
}

fn request(kind: usize) -> Request<Body> {
    let fetch = |method: Method, site: &str| {
        Request::builder()
            .method(method)
            .uri("/castles")
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-site", site)
    };
    let request = match kind {
        0 => fetch(Method::HEAD, "same-origin"),
        1 => fetch(Method::POST, "same-origin"),
        2 => fetch(Method::POST, "cross-site"),
        3 => fetch(Method::GET, "cross-site").header("upgrade", "websocket"),
        4 => fetch(Method::GET, "same-origin").header("authorization", "Bearer garbage"),
        5 => fetch(Method::GET, "cross-site"),
        6 => return page("/session", "none"),
        _ => return page("/castles", "none"),
    };
    request.body(Body::empty()).unwrap()
}

const SEEN: &str = "__Host-fief_seen";
