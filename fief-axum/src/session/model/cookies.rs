//! Sessions in the cookies of one browser, and several processes.
//!
//! Responses arrive late, in any order, or never. What a process decides is
//! what the code decides: [`UserRevocation`] and [`WriteState`].

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{data::Origin, revocation_list::UserRevocation},
    explore::{Event, World},
    replay::Version,
    values::{Number, PROCESS, id},
};
use crate::response::pending::WriteState;

#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct Budget {
    pub(super) logins: u8,
    /// Pages that the browser opens.
    pub(super) pages: u8,
    pub(super) logouts: u8,
    pub(super) revocations: u8,
    /// How often tokens are to be refreshed.
    pub(super) due: u8,
    pub(super) crashes: u8,
    /// Responses that are lost.
    pub(super) lost: u8,
    /// How often a process forgets the refreshes that it completed.
    pub(super) forgets: u8,
    /// Token responses that cannot be verified at once.
    pub(super) unverified: u8,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Axes {
    pub(super) processes: &'static [Version],
    /// How far the clock of each process is ahead, in seconds.
    pub(super) ahead: &'static [u64],
    pub(super) budget: Budget,
    pub(super) plant: Option<Fault>,
}

/// Fault of the past, which the model has to find.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// FD-1: revocations and sessions are ordered by whole seconds of clocks.
    OrdersByClock,
    /// FD-8: a response of any age renews the session, as its request had it.
    Renews,
    /// FD-9: a response writes what another one has replaced.
    WritesOutdated,
    /// FD-20: what cannot be verified at once is forgotten.
    ForgetsUnverified,
}

/// Session and generation.
type Key = (Number, Number);

#[derive(Clone, Debug, Hash)]
pub(super) struct Cookies {
    axes: Hidden<Axes>,
    budget: Budget,
    processes: Vec<Process>,
    sessions: Vec<Session>,
    /// The cookie that the browser has, and the session key that it is sealed
    /// with.
    jar: Option<(Key, Number)>,
    requests: Vec<Request>,
    responses: Vec<Response>,
    /// Sessions whose tokens are to be refreshed.
    due: BTreeSet<Key>,
    broken: Option<&'static str>,
}

/// Memory of a process. It is empty after a crash.
#[derive(Clone, Debug, Hash)]
struct Process {
    id: Number,
    sequence: u64,
    revocation: Option<UserRevocation>,
    revoked: BTreeSet<Number>,
    completed: BTreeMap<Key, Completed>,
    in_flight: BTreeMap<Key, Phase>,
    /// Refreshes that were received and are not verified.
    unverified: BTreeSet<Key>,
    /// The refresh tokens that it has sent.
    sent: BTreeSet<Key>,
    /// The refreshed sessions that its responses have written.
    written: BTreeSet<Key>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Completed {
    Ended,
    /// A request with the session of before gets the new one.
    Refreshed,
    /// The refresh token is known to be used. The browser should have the new
    /// session.
    RefreshedBefore,
    Rejected,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Phase {
    Token,
    Verify,
}

#[derive(Clone, Debug, Hash)]
struct Session {
    origin: (Number, u64),
    created_at: u64,
    /// The generation whose refresh token is valid.
    live: Number,
    /// The newest generation that a response has written.
    written: Number,
    /// The process that was to end it.
    ended_by: Option<Number>,
    may_be_lost: bool,
}

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Request {
    /// A page is being made, for a session that this request found refreshed or
    /// not.
    Page(usize, Key, bool),
    /// Waits for a refresh.
    Waits(usize, Key),
}

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Response {
    Login(Key, Number),
    Logout(Number),
    Page(Key, Number),
}

/// What is the same in all states of an exploration.
#[derive(Clone, Debug)]
struct Hidden<T>(T);

impl<T> std::hash::Hash for Hidden<T> {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

impl Cookies {
    pub(super) fn new(axes: Axes) -> Self {
        let processes = (0..axes.processes.len())
            .map(|number| Process::new(u8::try_from(number).unwrap()))
            .collect();
        Self {
            axes: Hidden(axes),
            budget: axes.budget,
            processes,
            sessions: Vec::new(),
            jar: None,
            requests: Vec::new(),
            responses: Vec::new(),
            due: BTreeSet::new(),
            broken: None,
        }
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        // Their order does not matter.
        next.requests.sort_unstable();
        next.responses.sort_unstable();
        next
    }

    fn is(&self, fault: Fault) -> bool {
        self.axes.0.plant == Some(fault)
    }

    /// Returns whether a process knows that a session was revoked.
    fn voids(&self, process: usize, session: Number) -> bool {
        let memory = &self.processes[process];
        let Session {
            origin: (origin, sequence),
            created_at,
            ..
        } = self.sessions[usize::from(session)];
        let origin = Origin {
            process: id(PROCESS, origin),
            sequence,
        };
        let is_revoked = memory.revocation.as_ref().is_some_and(|revocation| {
            if self.is(Fault::OrdersByClock) {
                return created_at <= self.now(process);
            }
            revocation.voids(origin, created_at, id(PROCESS, memory.id))
        });
        is_revoked || memory.revoked.contains(&session)
    }

    fn now(&self, process: usize) -> u64 {
        NOW + self.axes.0.ahead[process]
    }

    /// Returns the session of the browser's cookie, if a process accepts it.
    fn accepted(&self, process: usize) -> Option<Key> {
        let (key, sealed_with) = self.jar?;
        let can_open = self.axes.0.processes[process].keys.contains(&sealed_with);
        (can_open && !self.voids(process, key.0)).then_some(key)
    }

    fn begin(&self, process: usize, next: &mut Vec<(Event, Self)>) {
        if self.budget.logins > 0 {
            next.push((
                ("a login at", process),
                self.with(|state| state.log_in(process)),
            ));
        }
        if self.budget.revocations > 0 {
            let revoked = self.with(|state| state.revoke_user(process));
            next.push((("all sessions are revoked at", process), revoked));
        }
        if self.budget.logouts > 0 && self.jar.is_some() {
            next.push((
                ("a logout at", process),
                self.with(|state| state.log_out(process)),
            ));
        }
        if let Some(key) = self.accepted(process)
            && self.budget.pages > 0
        {
            let page = self.with(|state| {
                state.budget.pages -= 1;
                state.go_on_with_page(process, key, false);
            });
            next.push((("a page is opened at", process), page));
        }
    }

    fn log_in(&mut self, process: usize) {
        self.budget.logins -= 1;
        let sealed_with = self.axes.0.processes[process].keys[0];
        let created_at = self.now(process);
        if let Some((key, _)) = self.jar {
            self.revoke(process, key.0);
        }
        let memory = &mut self.processes[process];
        let session = u8::try_from(self.sessions.len()).unwrap();
        self.sessions.push(Session {
            origin: (memory.id, memory.next_sequence()),
            created_at,
            live: 0,
            written: 0,
            ended_by: None,
            may_be_lost: self.overlaps_revocation(process),
        });
        self.responses
            .push(Response::Login((session, 0), sealed_with));
    }

    /// Returns whether another process voids sessions that are created now:
    /// those of others up to a minute after a revocation.
    fn overlaps_revocation(&self, process: usize) -> bool {
        let mut others = self.processes.iter().enumerate();
        others.any(|(other, memory)| other != process && memory.revocation.is_some())
    }

    fn revoke(&mut self, process: usize, session: Number) {
        let id = self.processes[process].id;
        self.processes[process].revoked.insert(session);
        let ended_by = &mut self.sessions[usize::from(session)].ended_by;
        *ended_by = ended_by.or(Some(id));
    }

    fn revoke_user(&mut self, process: usize) {
        self.budget.revocations -= 1;
        let now = self.now(process);
        let memory = &mut self.processes[process];
        let revocation = UserRevocation::new(memory.next_sequence(), false, now);
        memory.revocation = Some(revocation);
        let id = memory.id;
        for session in &mut self.sessions {
            session.ended_by = session.ended_by.or(Some(id));
        }
    }

    fn log_out(&mut self, process: usize) {
        self.budget.logouts -= 1;
        let Some(((session, _), sealed_with)) = self.jar else {
            return;
        };
        if self.axes.0.processes[process].keys.contains(&sealed_with) {
            self.revoke(process, session);
        }
        self.responses.push(Response::Logout(session));
    }

    /// A request waits for a refresh that is needed, or makes its page.
    fn go_on_with_page(&mut self, process: usize, key: Key, is_refreshed: bool) {
        let memory = &mut self.processes[process];
        if !self.due.contains(&key) {
            self.requests
                .push(Request::Page(process, key, is_refreshed));
            return;
        }
        match memory.completed.get(&key) {
            Some(Completed::Refreshed) => self.go_on_with_page(process, (key.0, key.1 + 1), true),
            Some(Completed::RefreshedBefore | Completed::Rejected) => {
                self.requests
                    .push(Request::Page(process, key, is_refreshed));
            }
            Some(Completed::Ended) => {}
            None => {
                let phase = if memory.unverified.contains(&key) {
                    Phase::Verify
                } else {
                    Phase::Token
                };
                memory.in_flight.entry(key).or_insert(phase);
                self.requests.push(Request::Waits(process, key));
            }
        }
    }

    fn send_token(&mut self, process: usize, key: Key) {
        let memory = &mut self.processes[process];
        if !memory.sent.insert(key) {
            self.broken = Some("one token request per refresh token and process");
        }
        let live = &mut self.sessions[usize::from(key.0)].live;
        if *live == key.1 {
            *live += 1;
            memory.in_flight.insert(key, Phase::Verify);
        } else {
            memory.in_flight.remove(&key);
            memory.completed.insert(key, Completed::Rejected);
            self.wake(process, key);
        }
    }

    fn verify(&mut self, process: usize, key: Key) {
        let outcome = if self.voids(process, key.0) {
            Completed::Ended
        } else {
            Completed::Refreshed
        };
        let memory = &mut self.processes[process];
        memory.in_flight.remove(&key);
        memory.unverified.remove(&key);
        memory.completed.insert(key, outcome);
        self.wake(process, key);
    }

    /// Fief's keys cannot be fetched. The requests go on with what they have.
    fn verify_later(&mut self, process: usize, key: Key) {
        self.budget.unverified -= 1;
        let forgets = self.is(Fault::ForgetsUnverified);
        let memory = &mut self.processes[process];
        memory.in_flight.remove(&key);
        if forgets {
            memory.completed.insert(key, Completed::Rejected);
        } else {
            memory.unverified.insert(key);
        }
        for request in &mut self.requests {
            if *request == Request::Waits(process, key) {
                *request = Request::Page(process, key, false);
            }
        }
    }

    /// Requests that waited for a refresh go on.
    fn wake(&mut self, process: usize, key: Key) {
        let waiting = Request::Waits(process, key);
        let count = self.requests.iter().filter(|r| **r == waiting).count();
        self.requests.retain(|request| *request != waiting);
        for _ in 0..count {
            self.go_on_with_page(process, key, false);
        }
    }

    /// A page is complete: its response may write the session.
    fn respond(&mut self, number: usize) {
        let Request::Page(process, key, is_refreshed) = self.requests.remove(number) else {
            return;
        };
        let version = self.axes.0.processes[process];
        if self.is(Fault::Renews) {
            self.write(process, key, version.keys[0]);
            return;
        }
        let memory = &self.processes[process];
        let is_superseded = memory.in_flight.contains_key(&key)
            || matches!(
                memory.completed.get(&key),
                Some(Completed::Ended | Completed::Refreshed | Completed::RefreshedBefore)
            );
        let state = WriteState {
            is_void: self.voids(process, key.0) || is_superseded,
            is_outlived: memory.written.contains(&key) && self.due.contains(&key),
            is_late: false,
        };
        if is_refreshed && (state.may_write_session() || self.is(Fault::WritesOutdated)) {
            self.write(process, key, version.keys[0]);
        }
    }

    fn write(&mut self, process: usize, key: Key, sealed_with: Number) {
        let is_revoked = self.voids(process, key.0);
        let session = &mut self.sessions[usize::from(key.0)];
        if session.written > key.1 || is_revoked {
            self.broken = Some("no response writes a session that was superseded when it was sent");
        }
        session.written = session.written.max(key.1);
        self.processes[process].written.insert(key);
        self.responses.push(Response::Page(key, sealed_with));
    }

    /// The browser gets a response.
    fn receive(&mut self, number: usize) {
        match self.responses.remove(number) {
            Response::Login(key, sealed_with) => self.jar = Some((key, sealed_with)),
            Response::Logout(_) => self.jar = None,
            Response::Page(key, sealed_with) => {
                // It was sent before a newer one, or elsewhere: a documented risk.
                let is_newer =
                    |(current, _): (Key, Number)| current.0 == key.0 && current.1 <= key.1;
                if !self.jar.is_some_and(is_newer) {
                    self.risk(|_| true);
                }
                self.jar = Some((key, sealed_with));
            }
        }
    }

    fn lose(&mut self, number: usize) {
        self.budget.lost -= 1;
        self.responses.remove(number);
        self.risk(|_| true);
    }

    fn crash(&mut self, process: usize) {
        self.budget.crashes -= 1;
        let is_here = |request: &Request| match request {
            Request::Page(at, ..) | Request::Waits(at, _) => *at == process,
        };
        self.requests.retain(|request| !is_here(request));
        self.risk(|_| true);
        let id = self.processes[process].id + 4;
        self.processes[process] = Process::new(id);
    }

    /// A process forgets the refreshes of more than 30 seconds ago. What the
    /// browser has not received by then is lost.
    fn forget(&mut self, process: usize) {
        self.budget.forgets -= 1;
        for outcome in self.processes[process].completed.values_mut() {
            if *outcome == Completed::Refreshed {
                *outcome = Completed::RefreshedBefore;
            }
        }
        let jar = self.jar;
        let newest: Vec<_> = self.sessions.iter().map(|session| session.live).collect();
        for (number, live) in newest.into_iter().enumerate() {
            let has_newest = jar.is_some_and(|((session, generation), _)| {
                usize::from(session) == number && generation == live
            });
            self.sessions[number].may_be_lost |= !has_newest;
        }
    }

    fn risk(&mut self, is_at_risk: impl Fn(&Session) -> bool) {
        for session in &mut self.sessions {
            session.may_be_lost |= is_at_risk(session);
        }
    }
}

impl Process {
    fn new(id: Number) -> Self {
        Self {
            id,
            sequence: 0,
            revocation: None,
            revoked: BTreeSet::new(),
            completed: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            unverified: BTreeSet::new(),
            sent: BTreeSet::new(),
            written: BTreeSet::new(),
        }
    }

    fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

impl World for Cookies {
    fn next(&self) -> Vec<(Event, Self)> {
        let mut next = Vec::new();
        for (process, memory) in self.processes.iter().enumerate() {
            self.begin(process, &mut next);
            for (key, phase) in &memory.in_flight {
                let done = match phase {
                    Phase::Token => self.with(|state| state.send_token(process, *key)),
                    Phase::Verify => self.with(|state| state.verify(process, *key)),
                };
                next.push((("a refresh goes on at", process), done));
                if *phase == Phase::Verify && self.budget.unverified > 0 {
                    let later = self.with(|state| state.verify_later(process, *key));
                    next.push((("no keys to verify at", process), later));
                }
            }
            if self.budget.crashes > 0 {
                next.push((
                    ("crash of", process),
                    self.with(|state| state.crash(process)),
                ));
            }
            if self.budget.forgets > 0 {
                let forgotten = self.with(|state| state.forget(process));
                next.push((("refreshes are forgotten by", process), forgotten));
            }
        }
        for number in 0..self.requests.len() {
            if matches!(self.requests[number], Request::Page(..)) {
                let sent = self.with(|state| state.respond(number));
                next.push((("a page is made for request", number), sent));
            }
        }
        for number in 0..self.responses.len() {
            let received = self.with(|state| state.receive(number));
            next.push((("the browser receives", number), received));
            if self.budget.lost > 0 {
                let lost = self.with(|state| state.lose(number));
                next.push((("the browser never receives", number), lost));
            }
        }
        if self.budget.due > 0 {
            for (number, session) in self.sessions.iter().enumerate() {
                let key = (u8::try_from(number).unwrap(), session.live);
                if !self.due.contains(&key) {
                    let due = self.with(|state| {
                        state.budget.due -= 1;
                        state.due.insert(key);
                    });
                    next.push((("to be refreshed is session", number), due));
                }
            }
        }
        next
    }

    fn broken(&self) -> Option<&'static str> {
        if self.broken.is_some() {
            return self.broken;
        }
        for (process, memory) in self.processes.iter().enumerate() {
            for (number, session) in self.sessions.iter().enumerate() {
                let number = u8::try_from(number).unwrap();
                let is_void = self.voids(process, number);
                if session.ended_by == Some(memory.id) && !is_void {
                    return Some("a process does not accept what it was to end");
                }
                if session.ended_by.is_none() && !session.may_be_lost && is_void {
                    return Some("no live session is lost");
                }
            }
        }
        let is_quiet = self.requests.is_empty()
            && self.responses.is_empty()
            && self
                .processes
                .iter()
                .all(|memory| memory.in_flight.is_empty() && memory.unverified.is_empty());
        if let Some(((number, generation), _)) = self.jar.filter(|_| is_quiet) {
            let session = &self.sessions[usize::from(number)];
            let is_live = session.ended_by.is_none() && !session.may_be_lost;
            let is_served = |memory: &Process| {
                memory.completed.get(&(number, generation)) == Some(&Completed::Refreshed)
            };
            if is_live && generation < session.live && !self.processes.iter().any(is_served) {
                return Some("no live session is lost");
            }
        }
        None
    }
}

const NOW: u64 = 1000;
