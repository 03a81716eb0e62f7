//! Compares responses with what they must be.

use std::{
    collections::BTreeMap,
    fmt,
    sync::Mutex,
    time::{Duration, Instant},
};

use super::wire::Reply;

/// A page of the application, by what it shows of the user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Page {
    /// The id and the permissions.
    Me,
    /// The id, or that there is no user.
    Open,
    /// The id and the e-mail address.
    User,
}

impl Page {
    pub const ALL: [Self; 3] = [Self::Me, Self::Open, Self::User];

    pub fn path(self) -> &'static str {
        match self {
            Self::Me => "/me",
            Self::Open => "/open",
            Self::User => "/user",
        }
    }

    fn body(self, user: &Identity, permissions: &str) -> String {
        match self {
            Self::Me => format!("{} {permissions}", user.id),
            Self::Open => user.id.clone(),
            Self::User => format!("{} {}", user.id, user.email),
        }
    }
}

/// A user, as pages show it.
#[derive(Clone, Debug)]
pub struct Identity {
    pub id: String,
    pub email: String,
}

/// What credentials are at the time of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// They must be accepted.
    Valid,
    /// Something that decides it was in flight at the same time.
    Either,
    /// They must be rejected.
    Void(Why),
}

/// Why credentials must be rejected.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Why {
    Expired,
    Forged,
    Inactive,
    KeyRemoved,
    LoggedOut,
    LoggedOutEverywhere,
}

/// What a response must be.
#[derive(Debug)]
pub struct Expected<'a> {
    pub user: &'a Identity,
    /// More than one while they change.
    pub permissions: &'a [&'a str],
    pub state: State,
    /// Whether Fief was failing, so that a 503 is right as well.
    pub may_be_unavailable: bool,
}

/// A response that is not what it must be.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Finding {
    /// Credentials that must be rejected were accepted.
    Admitted(Why),
    /// A session that must be accepted was rejected: it is lost.
    Lost,
    /// A token that must be accepted was rejected.
    Rejected,
    /// There was no response.
    NoResponse,
    /// The page of another user.
    OtherUser,
    /// Another status, or another body.
    Unexpected(u16),
}

/// Returns what is wrong with a response.
pub fn check(page: Page, expected: &Expected<'_>, reply: Option<&Reply>) -> Option<Finding> {
    let Some(reply) = reply else {
        return Some(Finding::NoResponse);
    };
    let user = expected.user;
    let is_anonymous = reply.status == 401
        || reply.status == 200 && page == Page::Open && reply.body == "anonymous";
    let is_right = reply.status == 200
        && expected
            .permissions
            .iter()
            .any(|it| page.body(user, it) == reply.body);
    match (reply.status, expected.state) {
        (503, _) if expected.may_be_unavailable => None,
        (_, State::Valid | State::Either) if is_right => None,
        (_, State::Void(_) | State::Either) if is_anonymous => None,
        (_, State::Valid) if is_anonymous => Some(Finding::Lost),
        (200, _) if !reply.body.starts_with(&user.id) => Some(Finding::OtherUser),
        (200, State::Void(why)) => Some(Finding::Admitted(why)),
        (status, _) => Some(Finding::Unexpected(status)),
    }
}

/// What the checker has seen so far.
pub struct Report {
    began: Instant,
    seen: Mutex<Seen>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            seen: Mutex::default(),
        }
    }
}

#[derive(Clone, Default)]
pub struct Seen {
    pub requests: BTreeMap<&'static str, u64>,
    pub findings: BTreeMap<Finding, u64>,
    pub events: BTreeMap<&'static str, u64>,
    /// The first ones, with their circumstances.
    pub details: Vec<String>,
    /// What was done to Fief, and when.
    pub history: Vec<String>,
    pub longest: Duration,
}

impl Report {
    pub fn count(&self, kind: &'static str) {
        *self.lock().requests.entry(kind).or_default() += 1;
    }

    pub fn event(&self, kind: &'static str) {
        *self.lock().events.entry(kind).or_default() += 1;
    }

    /// Notes what is done to Fief.
    pub fn note(&self, what: &'static str) {
        self.event(what);
        self.remember(what);
    }

    /// Notes when it was, without counting it.
    pub fn remember(&self, what: &'static str) {
        let note = format!("{:.3} s: {what}", self.began.elapsed().as_secs_f32());
        self.lock().history.push(note);
    }

    /// Counts a response, and what is wrong with it.
    pub fn record(
        &self,
        kind: &'static str,
        reply: Option<&Reply>,
        finding: Option<Finding>,
        circumstances: impl fmt::Display,
    ) {
        let mut seen = self.lock();
        *seen.requests.entry(kind).or_default() += 1;
        if let Some(reply) = reply {
            seen.longest = seen.longest.max(reply.received - reply.sent);
        }
        let Some(finding) = finding else { return };
        *seen.findings.entry(finding).or_default() += 1;
        if seen.details.len() < MAX_DETAILS {
            let times = |reply: &Reply| {
                let [sent, received] = [reply.sent, reply.received].map(|at| at - self.began);
                format!(
                    "{:.3} to {:.3} s",
                    sent.as_secs_f32(),
                    received.as_secs_f32()
                )
            };
            let times = reply.map(times).unwrap_or_default();
            let reply = reply.map(|reply| (reply.status, reply.body.clone()));
            let detail = format!("{times}: {kind}: {finding:?}: {reply:?}: {circumstances}");
            seen.details.push(detail.chars().take(MAX_LEN).collect());
        }
    }

    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    pub fn has(&self, finding: Finding) -> bool {
        self.lock().findings.contains_key(&finding)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

impl Seen {
    pub fn lost(&self) -> u64 {
        self.findings.get(&Finding::Lost).copied().unwrap_or(0)
    }

    /// Returns how many responses were wrong, besides those by which a session is known to be lost.
    pub fn wrong(&self) -> u64 {
        self.findings.values().sum::<u64>() - self.lost()
    }

    pub fn event(&self, kind: &str) -> u64 {
        self.events.get(kind).copied().unwrap_or(0)
    }
}

/// What makes sessions wait for Fief.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cause {
    /// Fief does not respond as it should.
    Failure,
    /// Tokens are signed with a key that processes may not know yet.
    NewKey,
    /// And those of older keys are invalid.
    OldKeysRemoved,
}

/// Times at which something makes sessions wait for Fief, each until Fief has recovered.
#[derive(Default)]
pub struct Disturbances(Mutex<Vec<(Cause, Instant, Option<Instant>)>>);

impl Disturbances {
    /// Begins one, before it is caused.
    pub fn begin(&self, cause: Cause) {
        self.0.lock().unwrap().push((cause, Instant::now(), None));
    }

    /// Ends the last one, after its cause.
    pub fn end(&self) {
        if let Some((_, _, end)) = self.0.lock().unwrap().last_mut() {
            *end = Some(Instant::now());
        }
    }

    /// Returns whether one affects what happened between these times.
    pub fn affect(&self, from: Instant, to: Instant, recovery: Duration) -> bool {
        self.any(from, to, recovery, |_| true)
    }

    /// Returns whether this affects what happened between these times.
    pub fn affect_by(&self, cause: Cause, from: Instant, recovery: Duration) -> bool {
        self.any(from, Instant::now(), recovery, |it| it == cause)
    }

    fn any(
        &self,
        from: Instant,
        to: Instant,
        recovery: Duration,
        counts: impl Fn(Cause) -> bool,
    ) -> bool {
        let all = self.0.lock().unwrap();
        all.iter().any(|&(cause, start, end)| {
            counts(cause) && start <= to && end.is_none_or(|end| end + recovery >= from)
        })
    }
}

const MAX_DETAILS: usize = 20;
const MAX_LEN: usize = 600;
