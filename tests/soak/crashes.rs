//! Two processes of an application that share a Redis, that Redis, and the real Fief are killed while users log in, are
//! refreshed, log out, and are logged out everywhere.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use fief_tests::{Browser, Folder, OwnFief, OwnRedis};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{sync::Mutex as AsyncMutex, task::JoinSet};
use url::Url;

use super::{
    application::Settings,
    checker::{Expected, Finding, Identity, Page, Report, State, Why, check},
    replica::Replica,
    seeded::Seeded,
    table::print_findings,
    wire::{Jar, Reply, Wire},
};

/// In the order in which they are killed.
const PARTS: [&str; 6] = [
    "a process",
    "Redis",
    "a process",
    "Fief",
    "a process",
    "Redis",
];
/// Of logins, refreshes, logouts and revocations together.
const OPERATIONS: u64 = 300;
const USERS: usize = 10;
const CALLBACK: &str = "https://app.example.com/auth-callback";
const PASSWORD: &str = "herminetincture";
/// The tokens of sessions live for 24 seconds, and are refreshed at half of that.
const LIFETIMES: [(&str, u32); 3] = [
    ("authorization_code_lifetime_seconds", 600),
    ("access_id_token_lifetime_seconds", 24),
    ("refresh_token_lifetime_seconds", 3600),
];
/// How long it takes at most, until everything works again after what was killed is back.
const RECOVERY: Duration = Duration::from_secs(12);
/// How long an operation is tried again while the parts are killed one after the other.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the page of a callback that is unavailable is opened.
const CALLBACKS: usize = 6;
const MOST: Duration = Duration::from_secs(230);

struct Scene {
    wire: Wire,
    report: Report,
    urls: Vec<String>,
    parts: AsyncMutex<Parts>,
    kills: Mutex<Vec<Kill>>,
    operations: AtomicU64,
    ends: Instant,
}

struct Parts {
    replicas: Vec<Replica>,
    redis: OwnRedis,
    fief: OwnFief,
}

struct Kill {
    what: &'static str,
    at: Instant,
    /// When it was started again.
    back: Option<Instant>,
}

/// SE-16, RB-5, RF-2, D11, D12: nothing that has ended works again, and nothing is lost but what was in flight.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Fief and Redis, and three minutes"]
async fn crashes() {
    let (seed, began) = (Seeded::seed(), Instant::now());
    let mut random = Seeded::new(seed);
    let folder = Folder::create();
    let scene = Arc::new(Scene::start(folder.path().to_str().unwrap()).await);
    let mut tasks = JoinSet::new();
    for n in 0..USERS {
        let user = User::new(&scene, n, random.fork()).await;
        tasks.spawn(user.run());
    }
    let chaos = (scene.clone(), random.fork());
    tasks.spawn(async move { kill_one_after_the_other(&chaos.0, chaos.1).await });
    tasks.join_all().await;

    let seen = scene.report.seen();
    let seconds = began.elapsed().as_secs();
    println!("crashes: {seconds} s, seed {seed}");
    for (kind, count) in seen.requests.iter().chain(&seen.events) {
        println!("  {count:>8} {kind}");
    }
    println!("  {:>8} wrong", seen.wrong());
    println!("  {:>8} sessions lost", seen.lost());
    print_findings(&seen);
    let operations = scene.operations.load(Ordering::Relaxed);
    println!("  {operations:>8} operations");
    for (what, (count, most)) in scene.recoveries() {
        println!(
            "  {count:>8} times {what} was killed, and back after at most {:.1} s",
            most.as_secs_f32()
        );
    }
    assert_eq!((seen.wrong(), seen.lost()), (0, 0), "seed {seed}");
    assert!(operations >= OPERATIONS, "{operations} in {seconds} s");
    assert_eq!(scene.recoveries().len(), 3, "not each part was killed");
}

impl Scene {
    async fn start(folder: &str) -> Self {
        let redis = OwnRedis::start(&[
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--dir",
            folder,
        ]);
        let fief = OwnFief::start().await;
        let (client_id, client_secret) = register(&fief).await;
        let settings = Settings {
            port: 0,
            fief: fief.fief.base_url.clone(),
            client_id,
            client_secret,
            webhook_secret: super::world::SECRET.to_owned(),
            redis: Some(redis.url()),
            // The real one, on a busy machine. It is killed, not slow.
            fief_timeout: Some(30),
            session_lifetime: 24 * 3600,
            planted: None,
        };
        let replicas = vec![
            Replica::start(settings.clone()).await,
            Replica::start(settings).await,
        ];
        Self {
            wire: Wire::new(),
            report: Report::default(),
            urls: replicas.iter().map(Replica::url).collect(),
            parts: AsyncMutex::new(Parts {
                replicas,
                redis,
                fief,
            }),
            kills: Mutex::default(),
            operations: AtomicU64::new(0),
            ends: Instant::now() + MOST,
        }
    }

    fn is_over(&self) -> bool {
        self.operations.load(Ordering::Relaxed) >= OPERATIONS || Instant::now() > self.ends
    }

    fn count(&self, operation: &'static str) {
        self.report.event(operation);
        self.operations.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whether something was killed at this time.
    fn has_killed_between(&self, from: Instant, to: Instant) -> bool {
        let kills = self.kills.lock().unwrap();
        kills
            .iter()
            .any(|kill| from <= kill.at + EARLY && kill.at <= to)
    }

    /// Returns whether something is away since then, or has not recovered yet.
    fn is_disturbed(&self, sent: Instant) -> bool {
        let kills = self.kills.lock().unwrap();
        kills
            .iter()
            .any(|kill| kill.back.is_none_or(|back| back + RECOVERY > sent))
    }

    /// Returns how often each was killed, and how long it took at most until it was started again.
    fn recoveries(&self) -> BTreeMap<&'static str, (u64, Duration)> {
        let mut all = BTreeMap::<_, (u64, Duration)>::new();
        for kill in &*self.kills.lock().unwrap() {
            let entry = all.entry(kill.what).or_default();
            entry.0 += 1;
            let back = kill.back.unwrap_or(kill.at);
            entry.1 = entry.1.max(back - kill.at);
        }
        all
    }
}

/// Registers a client whose tokens live for seconds.
async fn register(fief: &OwnFief) -> (String, String) {
    let api = &fief.fief;
    let tenants = api.admin(Method::GET, "/tenants/", Value::Null).await;
    let mut body = json!({
        "name": "crashes",
        "first_party": true,
        "client_type": "confidential",
        "redirect_uris": [CALLBACK],
        "tenant_id": tenants["results"][0]["id"],
    });
    for (name, seconds) in LIFETIMES {
        body[name] = json!(seconds);
    }
    let client = api.admin(Method::POST, "/clients/", body).await;
    let text = |name: &str| client[name].as_str().unwrap().to_owned();
    (text("client_id"), text("client_secret"))
}

/// Kills a process, Redis or Fief at moments that the seed determines, and starts it again a moment later.
async fn kill_one_after_the_other(scene: &Scene, mut random: Seeded) {
    for round in 0.. {
        let pause = random.millis(1500, 5000);
        for _ in 0..pause.as_millis() / 50 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if scene.is_over() {
                return;
            }
        }
        let mut parts = scene.parts.lock().await;
        let away = random.millis(100, 1500);
        let what = PARTS[round % PARTS.len()];
        let replica = random.index(2);
        let kill = Kill {
            what,
            at: Instant::now(),
            back: None,
        };
        scene.kills.lock().unwrap().push(kill);
        scene.report.remember(what);
        match what {
            "Redis" => parts.redis.kill(),
            "Fief" => parts.fief.kill(),
            _ => parts.replicas[replica].kill(),
        }
        tokio::time::sleep(away).await;
        match what {
            "Redis" => parts.redis.restart(),
            "Fief" => parts.fief.restart().await,
            _ => parts.replicas[replica].restart().await,
        }
        scene.report.remember("back again");
        let mut kills = scene.kills.lock().unwrap();
        kills.last_mut().unwrap().back = Some(Instant::now());
    }
}

/// A user, whose operations follow each other.
struct User {
    scene: Arc<Scene>,
    identity: Identity,
    /// The browser's session with Fief.
    at_fief: Jar,
    sessions: Vec<Session>,
    /// Cookies of sessions that have ended.
    ended: Vec<(Jar, Why)>,
    random: Seeded,
}

struct Session {
    jar: Jar,
    issued_at: String,
    /// A request was in flight when something was killed, and it was not refreshed since.
    was_in_flight: bool,
}

impl User {
    /// Creates a user, and logs in at Fief once, before anything is killed.
    async fn new(scene: &Arc<Scene>, n: usize, random: Seeded) -> Self {
        let email = format!("user-{n}@example.com");
        let parts = scene.parts.lock().await;
        let api = &parts.fief.fief;
        let tenants = api.admin(Method::GET, "/tenants/", Value::Null).await;
        let body = json!({
            "email": email,
            "password": PASSWORD,
            "email_verified": true,
            "tenant_id": tenants["results"][0]["id"],
            "fields": {},
        });
        let created = api.admin(Method::POST, "/users/", body).await;
        let login = format!("{}/login", scene.urls[0]);
        let begun = scene.wire.open(&login, &Jar::new()).await.unwrap();
        let mut browser = Browser::new().stopping_at(CALLBACK);
        browser.open(begun.location()).await;
        let page = browser.log_in(&email, PASSWORD).await;
        assert!(page.url.as_str().starts_with(CALLBACK), "{}", page.url);
        let at_fief = browser.cookies(&api.base_url).into_iter().collect();
        drop(parts);
        Self {
            scene: Arc::clone(scene),
            identity: Identity {
                id: created["id"].as_str().unwrap().to_owned(),
                email,
            },
            at_fief,
            sessions: Vec::new(),
            ended: Vec::new(),
            random,
        }
    }

    async fn run(mut self) {
        while !self.scene.is_over() {
            match self.random.below(100) {
                _ if self.sessions.is_empty() => self.log_in().await,
                0..6 if self.sessions.len() < 6 => self.log_in().await,
                6..9 => self.log_out().await,
                9 => self.log_out_everywhere().await,
                10..12 => self.try_one_that_has_ended().await,
                _ => self.open_pages().await,
            }
            let pause = self.random.millis(20, 200);
            tokio::time::sleep(pause).await;
        }
        // At last, all that were there, once the parts are back and have recovered.
        drop(self.scene.parts.lock().await);
        tokio::time::sleep(RECOVERY).await;
        self.open_pages().await;
        for n in 0..self.ended.len() {
            self.assert_ended(n).await;
        }
    }

    fn url(&mut self, path: &str) -> String {
        let index = self.random.index(self.scene.urls.len());
        format!("{}{path}", self.scene.urls[index])
    }

    /// Opens a page in each browser, at any process.
    async fn open_pages(&mut self) {
        let mut n = 0;
        while n < self.sessions.len() {
            let url = self.url("/me");
            let sent = Instant::now();
            let jar = self.sessions[n].jar.clone();
            let reply = self.scene.wire.fetch(Method::GET, &url, &jar).await;
            let finding = self.check(State::Valid, sent, reply.as_ref());
            let is_lost = self.judge(n, sent, reply.as_ref(), finding);
            if is_lost {
                self.sessions.remove(n);
            } else {
                n += 1;
            }
        }
    }

    /// Counts a refresh, or what is wrong. Returns whether the session is lost.
    fn judge(
        &mut self,
        n: usize,
        sent: Instant,
        reply: Option<&Reply>,
        finding: Option<Finding>,
    ) -> bool {
        let scene = &self.scene;
        let session = &mut self.sessions[n];
        let was_away = reply.is_none_or(|reply| reply.status == 503);
        session.was_in_flight |= was_away || scene.has_killed_between(sent, Instant::now());
        if let Some(reply) = reply.filter(|reply| reply.status == 200) {
            reply.store_cookies(&mut session.jar);
            let issued_at = reply.headers["x-issued-at"].to_str().unwrap();
            if session.issued_at != issued_at {
                if !session.issued_at.is_empty() {
                    scene.count("refreshes");
                }
                session.issued_at = issued_at.to_owned();
                session.was_in_flight = scene.has_killed_between(sent, Instant::now());
            }
        }
        let is_lost = finding == Some(Finding::Lost);
        let finding = if is_lost && session.was_in_flight {
            scene.report.event("sessions lost that were in flight");
            None
        } else {
            finding
        };
        let (email, issued_at) = (&self.identity.email, &session.issued_at);
        scene
            .report
            .record("pages", reply, finding, format_args!("{email} {issued_at}"));
        is_lost
    }

    fn check(&self, state: State, sent: Instant, reply: Option<&Reply>) -> Option<Finding> {
        let is_disturbed = self.scene.is_disturbed(sent);
        let expected = Expected {
            user: &self.identity,
            permissions: &[""],
            state,
            may_be_unavailable: is_disturbed,
        };
        check(Page::Me, &expected, reply).filter(|finding| match finding {
            Finding::NoResponse => !is_disturbed,
            _ => true,
        })
    }

    async fn try_one_that_has_ended(&mut self) {
        if !self.ended.is_empty() {
            let n = self.random.index(self.ended.len());
            self.assert_ended(n).await;
        }
    }

    /// Sends cookies of a session that has ended to each process.
    async fn assert_ended(&mut self, n: usize) {
        let (jar, why) = &self.ended[n];
        for url in &self.scene.urls {
            let sent = Instant::now();
            let me = format!("{url}/me");
            let reply = self.scene.wire.fetch(Method::GET, &me, jar).await;
            let finding = self.check(State::Void(*why), sent, reply.as_ref());
            let report = &self.scene.report;
            report.record(
                "pages of ended sessions",
                reply.as_ref(),
                finding,
                &self.identity.email,
            );
        }
    }

    async fn log_in(&mut self) {
        let (began, mut failure) = (Instant::now(), String::new());
        while began.elapsed() < PATIENCE {
            let sent = Instant::now();
            let tried = self.try_log_in().await;
            if let Ok(jar) = tried {
                self.scene.count("logins");
                self.sessions.push(Session {
                    jar,
                    issued_at: String::new(),
                    was_in_flight: self.scene.has_killed_between(sent, Instant::now()),
                });
                return;
            }
            failure = tried.unwrap_err();
            if !self.scene.is_disturbed(sent) {
                break;
            }
            self.scene.report.event("logins that were tried again");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let finding = Some(Finding::Unexpected(0));
        self.scene.report.record("logins", None, finding, failure);
    }

    /// Logs in. Fief knows the user, so it redirects at once.
    async fn try_log_in(&mut self) -> Result<Jar, String> {
        let mut jar = Jar::new();
        let wire = self.scene.wire.clone();
        let begun = redirect(wire.open(&self.url("/login"), &jar).await, "/login")?;
        begun.store_cookies(&mut jar);
        let mut next = begun.location().to_owned();
        while !next.starts_with(CALLBACK) {
            let reply = redirect(wire.open(&next, &self.at_fief).await, &next)?;
            reply.store_cookies(&mut self.at_fief);
            let at = Url::parse(&next).unwrap();
            next = at.join(reply.location()).unwrap().to_string();
        }
        let callback = next.replace("https://app.example.com", "");
        for _ in 0..CALLBACKS {
            let url = self.url(&callback);
            let reply = wire.open(&url, &jar).await;
            // A page tries again.
            if reply.as_ref().is_none_or(|reply| reply.status == 503) {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            redirect(reply, &callback)?.store_cookies(&mut jar);
            let is_logged_in = jar.keys().any(|name| name.contains("session"));
            return is_logged_in
                .then_some(jar)
                .ok_or("without a session".into());
        }
        // Of a process that was killed between the code and the session: the user begins anew.
        Err("the callback is unavailable".into())
    }

    /// Logs out, again and again until a process says that it is done.
    async fn log_out(&mut self) {
        let n = self.random.index(self.sessions.len());
        let session = self.sessions.remove(n);
        if self.end("/logout", 303, &session.jar).await {
            self.scene.count("logouts");
            self.ended.push((session.jar, Why::LoggedOut));
        }
    }

    async fn log_out_everywhere(&mut self) {
        let jar = self.sessions[0].jar.clone();
        let ended = std::mem::take(&mut self.sessions);
        if self.end("/everywhere", 204, &jar).await {
            self.scene.count("revocations");
            let ended = ended.into_iter();
            self.ended
                .extend(ended.map(|it| (it.jar, Why::LoggedOutEverywhere)));
        }
    }

    /// Returns whether it was done. What was in flight when something was killed may have been done as well, so that
    /// the session can do it no longer.
    async fn end(&mut self, path: &str, done: u16, jar: &Jar) -> bool {
        let began = Instant::now();
        let mut was_in_flight = false;
        while began.elapsed() < PATIENCE {
            let (sent, url) = (Instant::now(), self.url(path));
            let reply = self.scene.wire.fetch(Method::POST, &url, jar).await;
            let status = reply.as_ref().map_or(0, |reply| reply.status);
            let is_disturbed = self.scene.is_disturbed(sent);
            match status {
                status if status == done => return true,
                0 | 503 if is_disturbed => was_in_flight = true,
                401 if was_in_flight || is_disturbed => return false,
                _ => {
                    let finding = Some(Finding::Unexpected(status));
                    let report = &self.scene.report;
                    report.record("ends", reply.as_ref(), finding, path);
                    return false;
                }
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let report = &self.scene.report;
        report.record("ends", None, Some(Finding::Unexpected(0)), path);
        false
    }
}

/// Returns a response that is a redirect, and otherwise where there is none.
fn redirect(reply: Option<Reply>, at: &str) -> Result<Reply, String> {
    match reply {
        Some(reply) if reply.status / 100 == 3 => Ok(reply),
        Some(reply) => Err(format!("{} at {at}: {}", reply.status, reply.body)),
        None => Err(format!("nothing at {at}")),
    }
}

/// How much later than noted something may have been killed.
const EARLY: Duration = Duration::from_millis(20);
