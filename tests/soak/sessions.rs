//! Users with browsers: they open pages, hang up, log in and out, and are changed at Fief.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;

use super::{
    checker::{Cause, Expected, Finding, Identity, Page, State, Why, check},
    seeded::Seeded,
    wire::{Jar, Reply},
    world::{Deployment, RECOVERY, World},
};

/// How a user behaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Manner {
    /// Opens pages and hangs up.
    Calm,
    /// Logs in and out as well, also everywhere, and is changed at Fief.
    Restless,
}

/// One user, whose requests, logins and changes follow each other. So it is known what each response must be.
pub struct Visits<'a> {
    world: &'a World,
    deployment: &'a Deployment,
    user: Identity,
    permissions: Vec<&'static str>,
    sessions: Vec<Session>,
    random: Seeded,
}

/// A browser that is logged in.
struct Session {
    jar: Jar,
    /// The login: between these times.
    created: (Instant, Instant),
}

impl<'a> Visits<'a> {
    pub fn new(world: &'a World, deployment: &'a Deployment, email: &str, random: Seeded) -> Self {
        Self {
            world,
            deployment,
            user: world.identity(email),
            permissions: vec![""],
            sessions: Vec::new(),
            random,
        }
    }

    /// Goes on until the run ends.
    pub async fn run(mut self, manner: Manner) {
        while !self.world.is_over() {
            self.end_old_ones().await;
            if self.sessions.is_empty() {
                self.log_in().await;
                continue;
            }
            let choice = self.random.below(100);
            match (manner, choice) {
                (Manner::Restless, 0..3) if self.sessions.len() > 1 => self.log_out().await,
                (Manner::Restless, 3) => self.log_out_everywhere().await,
                (Manner::Restless, 4) => self.deactivate().await,
                (Manner::Restless, 5..7) => self.change_permissions().await,
                (Manner::Restless, 7..14) if self.sessions.len() < 3 => self.log_in().await,
                (_, 14..24) => self.hang_up().await,
                _ => self.open_pages(State::Valid).await,
            }
            let pause = self.random.millis(20, 250);
            tokio::time::sleep(pause).await;
        }
    }

    fn replica(&mut self) -> String {
        let index = self.random.index(self.deployment.replicas.len());
        self.deployment.replicas[index].url()
    }

    /// Opens up to four pages at once, each in any of the browsers and at any process.
    async fn open_pages(&mut self, state: State) {
        let mut requests = Vec::new();
        for _ in 0..=self.random.below(4) {
            let session = self.random.index(self.sessions.len());
            let page = Page::ALL[self.random.index(Page::ALL.len())];
            let url = format!("{}{}", self.replica(), page.path());
            let jar = self.sessions[session].jar.clone();
            let wire = self.world.wire.clone();
            requests.push(async move {
                let reply = wire.fetch(Method::GET, &url, &jar).await;
                (session, page, reply)
            });
        }
        let sent = Instant::now();
        let mut replies = join_all(requests).await;
        // A browser stores cookies as responses arrive.
        replies.sort_by_key(|(_, _, reply)| reply.as_ref().map(|reply| reply.received));
        let mut lost = Vec::new();
        for (session, page, reply) in replies {
            let state = self.state_now(session, state, reply.as_ref());
            let finding = self.check(page, state, sent, reply.as_ref());
            if finding == Some(Finding::Lost) {
                lost.push(session);
            }
            if let Some(reply) = reply {
                reply.store_cookies(&mut self.sessions[session].jar);
            }
        }
        lost.sort_unstable();
        lost.dedup();
        for session in lost.into_iter().rev() {
            self.sessions.remove(session);
        }
    }

    /// Returns the state of a session that may end by its lifetime.
    fn state_now(&self, session: usize, state: State, reply: Option<&Reply>) -> State {
        let Some(lifetime) = self.deployment.lifetime else {
            return state;
        };
        let (after, before) = self.sessions[session].created;
        let (sent, received) = match reply {
            Some(reply) => (reply.sent, reply.received),
            None => (Instant::now(), Instant::now()),
        };
        if sent > before + lifetime + SECOND {
            State::Void(Why::Expired)
        } else if received + SECOND > after + lifetime && state == State::Valid {
            State::Either
        } else {
            state
        }
    }

    fn check(
        &self,
        page: Page,
        state: State,
        sent: Instant,
        reply: Option<&Reply>,
    ) -> Option<Finding> {
        let expected = Expected {
            user: &self.user,
            permissions: &self.permissions,
            state,
            may_be_unavailable: self.world.is_disturbed(sent),
        };
        let finding = check(page, &expected, reply);
        let finding = finding.filter(|_| !self.is_rejected_by_fief(page, sent, reply));
        let deployment = self.deployment.name;
        let kind = match deployment {
            "cookies" => "a session in cookies",
            _ => "a session in Redis",
        };
        self.world.report.record(
            kind,
            reply,
            finding,
            format_args!("{page:?} of {expected:?} in {deployment}"),
        );
        finding
    }

    /// Returns whether Fief itself rejects the token, whose key it has removed and the process still has: a 401 for user
    /// info is one (D16). The session goes on.
    fn is_rejected_by_fief(&self, page: Page, sent: Instant, reply: Option<&Reply>) -> bool {
        let disturbances = &self.world.disturbances;
        let is_rejected = page == Page::User
            && reply.is_some_and(|it| it.status == 401 && it.body.contains("invalid_token"))
            && disturbances.affect_by(Cause::OldKeysRemoved, sent, RECOVERY);
        if is_rejected {
            let report = &self.world.report;
            report.event("tokens of removed keys that Fief rejected");
        }
        is_rejected
    }

    /// Disconnects in the middle of a request.
    async fn hang_up(&mut self) {
        let session = self.random.index(self.sessions.len());
        let url = format!("{}/me", self.replica());
        let patience = self.random.millis(0, 12);
        let jar = &self.sessions[session].jar;
        let request = self.world.wire.fetch(Method::GET, &url, jar);
        let reply = tokio::time::timeout(patience, request).await;
        self.world.report.count("hang-ups");
        if let Ok(Some(reply)) = reply {
            reply.store_cookies(&mut self.sessions[session].jar);
        }
    }

    /// Opens pages with the cookies of sessions that have lasted too long, and forgets them.
    async fn end_old_ones(&mut self) {
        let Some(lifetime) = self.deployment.lifetime else {
            return;
        };
        let is_over = |session: &Session| session.created.1.elapsed() > lifetime + 2 * SECOND;
        let (ended, kept) = std::mem::take(&mut self.sessions)
            .into_iter()
            .partition::<Vec<_>, _>(is_over);
        self.sessions = kept;
        for session in ended {
            self.assert_void(&session.jar, Why::Expired).await;
        }
    }

    /// Sends cookies to each process, which must reject them.
    async fn assert_void(&mut self, jar: &Jar, why: Why) {
        for replica in &self.deployment.replicas {
            for page in Page::ALL {
                let (sent, url) = (Instant::now(), format!("{}{}", replica.url(), page.path()));
                let reply = self.world.wire.fetch(Method::GET, &url, jar).await;
                self.check(page, State::Void(why), sent, reply.as_ref());
            }
        }
    }

    async fn log_in(&mut self) {
        let began = Instant::now();
        let mut jar = Jar::new();
        loop {
            let sent = Instant::now();
            if self.try_log_in(&mut jar).await {
                break;
            }
            let is_disturbed = self.world.is_disturbed(sent);
            if !is_disturbed || began.elapsed() > PATIENCE {
                let finding = Some(Finding::Unexpected(0));
                let report = &self.world.report;
                let email = &self.user.email;
                report.record("logins", None, finding, format_args!("a login of {email}"));
                return;
            }
            self.world.report.event("logins that were tried again");
            tokio::time::sleep(SECOND).await;
        }
        self.world.report.count("logins");
        let created = (began, Instant::now());
        self.sessions.push(Session { jar, created });
        self.open_pages(State::Valid).await;
    }

    /// Returns whether it was successful. A callback that is not ready yet is tried again, as its page does.
    async fn try_log_in(&mut self, jar: &mut Jar) -> bool {
        let wire = self.world.wire.clone();
        let url = format!("{}/login", self.replica());
        let Some(begun) = wire.open(&url, jar).await else {
            return false;
        };
        begun.store_cookies(jar);
        if begun.status != 303 {
            return false;
        }
        let fief = &self.world.fief;
        self.world.report.event("logins that were begun");
        let callback = fief.log_in(&self.user.email, begun.location()).await;
        let callback = callback.replace("https://app.example.com", &self.replica());
        for _ in 0..20 {
            if self.random.below(8) == 0 {
                let request = wire.open(&callback, jar);
                let patience = self.random.millis(0, 20);
                let reply = tokio::time::timeout(patience, request).await;
                self.world.report.count("hang-ups");
                if let Ok(Some(reply)) = reply {
                    reply.store_cookies(jar);
                    return reply.status == 303;
                }
            }
            let Some(reply) = wire.open(&callback, jar).await else {
                return false;
            };
            reply.store_cookies(jar);
            match reply.status {
                303 => return jar.keys().any(|name| name.contains("session")),
                503 if jar.keys().any(|name| name.contains("_login_")) => {}
                _ => return false,
            }
            tokio::time::sleep(SECOND).await;
        }
        false
    }

    async fn log_out(&mut self) {
        let session = self.random.index(self.sessions.len());
        let session = self.sessions.remove(session);
        let mut jar = session.jar.clone();
        let url = format!("{}/logout", self.replica());
        let wire = self.world.wire.clone();
        let in_flight = format!("{}/me", self.replica());
        let sent = Instant::now();
        let (reply, page) = tokio::join!(
            wire.fetch(Method::POST, &url, &jar),
            wire.fetch(Method::GET, &in_flight, &session.jar),
        );
        self.check(Page::Me, State::Either, sent, page.as_ref());
        let finding = match reply.as_ref().map(|reply| reply.status) {
            Some(303) => None,
            Some(status) => Some(Finding::Unexpected(status)),
            None => Some(Finding::NoResponse),
        };
        let report = &self.world.report;
        report.record("logouts", reply.as_ref(), finding, &self.user.email);
        if let Some(reply) = reply {
            reply.store_cookies(&mut jar);
        }
        if jar.keys().any(|name| name.contains("session")) {
            let finding = Some(Finding::Unexpected(0));
            report.record("logouts", None, finding, "the cookie is still there");
        }
        let copied = [
            Some(session.jar.clone()),
            page.map(|reply| {
                let mut jar = session.jar.clone();
                reply.store_cookies(&mut jar);
                jar
            }),
        ];
        for jar in copied.into_iter().flatten() {
            self.assert_void(&jar, Why::LoggedOut).await;
        }
    }

    async fn log_out_everywhere(&mut self) {
        let session = self.random.index(self.sessions.len());
        let url = format!("{}/everywhere", self.replica());
        let mut jar = self.sessions[session].jar.clone();
        let wire = self.world.wire.clone();
        let (reply, ()) = {
            let request = wire.fetch(Method::POST, &url, &jar);
            tokio::join!(request, self.open_pages(State::Either))
        };
        let finding = match reply.as_ref().map(|reply| reply.status) {
            Some(204) => None,
            // Its session was to be refreshed while Fief failed, or its lifetime has ended.
            Some(401 | 503) => return,
            Some(status) => Some(Finding::Unexpected(status)),
            None => Some(Finding::NoResponse),
        };
        let report = &self.world.report;
        let kind = "logged out everywhere";
        report.record(kind, reply.as_ref(), finding, &self.user.email);
        if let Some(reply) = reply {
            reply.store_cookies(&mut jar);
        }
        let ended = std::mem::take(&mut self.sessions);
        for jar in ended.iter().map(|session| &session.jar).chain([&jar]) {
            self.assert_void(jar, Why::LoggedOutEverywhere).await;
        }
    }

    /// Fief says by a webhook that the account is inactive, and later that it is active again.
    async fn deactivate(&mut self) {
        let (fief, email) = (&self.world.fief, self.user.email.clone());
        fief.set_active(&email, false);
        self.world.report.event("accounts that became inactive");
        self.wait_for("/me of an inactive account", 401).await;
        self.wait_for_end_of_sessions().await;
        for session in std::mem::take(&mut self.sessions) {
            self.assert_void(&session.jar, Why::Inactive).await;
        }
        // Times of tokens are whole seconds.
        tokio::time::sleep(SECOND).await;
        fief.set_active(&email, true);
        self.wait_for("/me of an active account", 200).await;
    }

    /// Waits until each process knows of a webhook, which another one may have received, by bearer tokens.
    async fn wait_for(&self, what: &'static str, status: u16) {
        let deadline = Instant::now() + PATIENCE;
        for replica in &self.deployment.replicas {
            let url = format!("{}/me", replica.url());
            loop {
                let token = self.world.fief.access_token().user(&self.user.email).mint();
                let reply = self.world.wire.bearer(&url, &token).await;
                if reply.as_ref().is_some_and(|reply| reply.status == status) {
                    self.world.report.count("bearer tokens of changed users");
                    break;
                }
                if Instant::now() > deadline {
                    let finding = Some(Finding::Unexpected(status));
                    let report = &self.world.report;
                    report.record(what, reply.as_ref(), finding, &self.user.email);
                    break;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Bearer tokens are denied a moment before the sessions end, which end together.
    async fn wait_for_end_of_sessions(&self) {
        let deadline = Instant::now() + PATIENCE;
        let url = format!("{}/me", self.deployment.replicas[0].url());
        while Instant::now() < deadline {
            let jar = &self.sessions[0].jar;
            let reply = self.world.wire.fetch(Method::GET, &url, jar).await;
            if reply.is_some_and(|reply| reply.status == 401) {
                return;
            }
        }
    }

    /// Fief says by a webhook that the permissions have changed. Each session then has the new ones at once, although it
    /// is not due for a refresh.
    async fn change_permissions(&mut self) {
        let (world, email) = (self.world, self.user.email.clone());
        let before = self.permissions[0];
        let after = if before.is_empty() {
            "castles:read"
        } else {
            ""
        };
        self.permissions = vec![before, after];
        let began = Instant::now();
        let new = (!after.is_empty()).then_some(after);
        world.fief.set_permissions(&email, new);
        world.report.event("permissions that changed");
        while !self.have_permissions(after).await {
            if self.sessions.is_empty() {
                break;
            }
            let is_late = began.elapsed() > 4 * SECOND && !world.is_disturbed(began);
            if is_late || began.elapsed() > PATIENCE {
                let finding = Some(Finding::Unexpected(0));
                let report = &world.report;
                report.record("new permissions", None, finding, &email);
                break;
            }
            self.open_pages(State::Valid).await;
        }
        self.permissions = vec![after];
    }

    /// Returns whether all sessions show these permissions.
    async fn have_permissions(&mut self, permissions: &str) -> bool {
        let url = format!("{}/me", self.replica());
        let right = format!("{} {permissions}", self.user.id);
        for session in &mut self.sessions {
            let reply = self.world.wire.fetch(Method::GET, &url, &session.jar).await;
            let Some(reply) = reply else {
                return false;
            };
            reply.store_cookies(&mut session.jar);
            if reply.status != 200 || reply.body != right {
                return false;
            }
        }
        true
    }
}

const SECOND: Duration = Duration::from_secs(1);
/// How long something may take while Fief fails.
const PATIENCE: Duration = Duration::from_secs(40);
