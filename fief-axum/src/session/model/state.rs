//! What processes, the store and Fief know, and how each event changes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    super::{
        data::Origin,
        revocation_list::{PendingRevocation, UserRevocation},
    },
    replay::{Operation, Output, Response, Saving, Version},
    values::{Content, FRESH, Number, PROCESS, Place, Sealed, Ticket, id},
};

/// What may happen, and how often at most.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct Budget {
    pub(super) logins: u8,
    pub(super) refreshes: u8,
    pub(super) logouts: u8,
    pub(super) revocations: u8,
    pub(super) crashes: u8,
    pub(super) evictions: u8,
    /// Operations that fail: they are done, or not.
    pub(super) failures: u8,
    /// Operations that fail, and are done later.
    pub(super) late: u8,
    /// Token responses that cannot be verified at once.
    pub(super) unverified: u8,
    /// How often a process loses the store right after an operation, until later.
    pub(super) cuts: u8,
    /// Webhooks that deny the user, and revoke the sessions.
    pub(super) marks: u8,
}

/// The axes of a configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axes {
    pub(super) processes: &'static [Version],
    /// Whether `create` replaces a record with the same id.
    pub(super) overwrites: bool,
    /// Whether `save` creates a record that does not exist.
    pub(super) saves_missing: bool,
    pub(super) budget: Budget,
    /// Tasks at the same time.
    pub(super) tasks: usize,
    pub(super) plant: Option<Fault>,
}

/// Fault of the past, which the model has to find.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// FD-3: a record that is missing does not end a session.
    MissingIsValid,
    /// FD-20: what cannot be verified at once is forgotten.
    ForgetsUnverified,
    /// What is saved again replaces what is there.
    SavesAgainAtOnce,
    /// A webhook revokes the sessions before it writes its mark.
    MarksAfterwards,
}

#[derive(Clone, Debug, Hash)]
pub(super) struct State {
    pub(super) budget: Budget,
    pub(super) processes: Vec<Process>,
    pub(super) records: BTreeMap<Place, Sealed>,
    /// Writes that the store does later.
    pub(super) late: Vec<(Operation, Sealed)>,
    pub(super) sessions: Vec<Session>,
    pub(super) tasks: Vec<Task>,
    pub(super) epochs: Number,
    /// A webhook that has not written its mark yet.
    pub(super) unmarked: bool,
    pub(super) broken: Option<&'static str>,
}

/// Memory of a process. It is empty after a crash.
#[derive(Clone, Debug, Hash)]
pub(super) struct Process {
    pub(super) id: Number,
    pub(super) sequence: u64,
    pub(super) revocation: Option<UserRevocation>,
    pub(super) revoked: BTreeSet<Number>,
    /// Refreshes that Fief has rejected.
    pub(super) rejected: BTreeSet<(Number, Number)>,
    /// Refreshes that were received and not saved.
    pub(super) unfinished: BTreeMap<(Number, Number), Saving>,
    /// The refresh tokens that it has sent.
    pub(super) sent: BTreeSet<(Number, Number)>,
    /// Whether it cannot reach the store.
    pub(super) is_cut: bool,
    /// Whether it has found the mark of the user.
    pub(super) knows_mark: bool,
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Session {
    pub(super) origin: Option<(Number, u64)>,
    pub(super) ticket: Option<Ticket>,
    /// The generation whose refresh token is valid.
    pub(super) live: Number,
    pub(super) end: End,
    /// Whether a documented risk came true, by which it may be lost.
    pub(super) may_be_lost: bool,
    /// Whether its login began before the user was denied.
    pub(super) is_denied: bool,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum End {
    Alive,
    /// A process was to end it.
    Ending(Number),
    /// The store has it.
    Ended,
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Task {
    pub(super) process: usize,
    pub(super) kind: Kind,
    pub(super) responses: Vec<Response>,
    /// Whether its session had ended before its call.
    pub(super) is_late: bool,
    /// Whether the user was denied after it began.
    pub(super) is_denied: bool,
}

#[derive(Clone, Debug, Hash)]
pub(super) enum Kind {
    Attempt(PendingRevocation),
    Login(Number),
    LoginWaits,
    Logout(Number),
    Refresh(Number, Number, Phase),
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Phase {
    Begin,
    Token,
    Verify,
    /// The tokens are those of a record.
    VerifyLater,
    Save(Saving),
    Wait,
}

impl Process {
    pub(super) fn new(id: Number) -> Self {
        Self {
            id,
            sequence: 0,
            revocation: None,
            revoked: BTreeSet::new(),
            rejected: BTreeSet::new(),
            unfinished: BTreeMap::new(),
            sent: BTreeSet::new(),
            is_cut: false,
            knows_mark: false,
        }
    }

    /// Returns whether the process knows that a session was revoked.
    pub(super) fn voids(&self, number: Number, session: &Session) -> bool {
        let Some((process, sequence)) = session.origin else {
            return true;
        };
        let origin = Origin {
            process: id(PROCESS, process),
            sequence,
        };
        self.revoked.contains(&number)
            || self
                .revocation
                .as_ref()
                .is_some_and(|revocation| revocation.voids(origin, 1, id(PROCESS, self.id)))
    }

    pub(super) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    pub(super) fn is_pending(&self) -> bool {
        self.revocation
            .as_ref()
            .is_some_and(|revocation| revocation.pending().is_some())
    }
}

impl State {
    pub(super) fn start(&mut self, process: usize, kind: Kind) {
        self.tasks.push(Task {
            process,
            kind,
            responses: Vec::new(),
            is_late: false,
            is_denied: false,
        });
    }

    /// Adds the response to an operation of a task.
    pub(super) fn respond(&mut self, number: usize, response: Response) {
        let task = &mut self.tasks[number];
        if task.responses.is_empty()
            && let Kind::Refresh(session, ..) = task.kind
        {
            task.is_late = self.sessions[usize::from(session)].end == End::Ended;
        }
        task.responses.push(response);
        if matches!(response, Response::Found(Some(found)) if found.content == Content::Mark) {
            let process = task.process;
            self.processes[process].knows_mark = true;
        }
    }

    pub(super) fn revoke_user(&mut self, process: usize) {
        self.budget.revocations -= 1;
        let memory = &mut self.processes[process];
        let (id, sequence) = (memory.id, memory.next_sequence());
        memory.revocation = Some(UserRevocation::new(sequence, true, 0));
        for session in &mut self.sessions {
            if session.ticket.is_some() && session.end == End::Alive {
                session.end = End::Ending(id);
            }
        }
        self.attempt(process);
    }

    /// A webhook denies the user: it writes the mark, and then revokes the sessions.
    pub(super) fn deny(&mut self, process: usize, keys: &[Number], plant: Option<Fault>) {
        self.budget.marks -= 1;
        self.budget.revocations += 1;
        for task in &mut self.tasks {
            task.is_denied = true;
            if let Kind::Login(session) = task.kind {
                self.sessions[usize::from(session)].is_denied = true;
            }
        }
        if plant == Some(Fault::MarksAfterwards) {
            self.unmarked = true;
        } else {
            self.mark(process, keys);
        }
        self.revoke_user(process);
    }

    pub(super) fn mark(&mut self, process: usize, keys: &[Number]) {
        self.unmarked = false;
        self.processes[process].knows_mark = true;
        for key in keys {
            let sealed = Sealed {
                content: Content::Mark,
                key: keys[0],
                is_new: false,
            };
            self.records.insert(Place::Mark(*key), sealed);
        }
    }

    /// Starts an attempt to store a pending revocation, if there is none.
    pub(super) fn attempt(&mut self, process: usize) {
        let is_in_flight = self
            .tasks
            .iter()
            .any(|task| task.process == process && matches!(task.kind, Kind::Attempt(..)));
        let revocation = self.processes[process].revocation.as_ref();
        if let Some(pending) = revocation.and_then(UserRevocation::pending)
            && !is_in_flight
        {
            self.start(process, Kind::Attempt(pending));
        }
    }

    pub(super) fn log_out(&mut self, process: usize, session: Number) {
        self.budget.logouts -= 1;
        let memory = &mut self.processes[process];
        memory.revoked.insert(session);
        self.sessions[usize::from(session)].end = End::Ending(memory.id);
        self.start(process, Kind::Logout(session));
    }

    /// A login completes a pending revocation, and then creates its session.
    pub(super) fn go_on_with_login(&mut self, number: usize) {
        let process = self.tasks[number].process;
        if self.processes[process].is_pending() {
            self.attempt(process);
            return;
        }
        let memory = &mut self.processes[process];
        let origin = (memory.id, memory.next_sequence());
        let session = u8::try_from(self.sessions.len()).unwrap();
        self.sessions.push(Session {
            origin: Some(origin),
            ticket: None,
            live: 0,
            end: End::Alive,
            may_be_lost: false,
            is_denied: self.tasks[number].is_denied,
        });
        self.tasks[number].kind = Kind::Login(session);
    }

    pub(super) fn send_token(&mut self, number: usize) {
        let process = self.tasks[number].process;
        let Kind::Refresh(session, generation, _) = self.tasks[number].kind else {
            return;
        };
        if !self.processes[process].sent.insert((session, generation)) {
            self.broken = Some("one token request per refresh token and process");
        }
        let live = &mut self.sessions[usize::from(session)].live;
        let phase = if *live == generation {
            *live += 1;
            Phase::Verify
        } else {
            Phase::Wait
        };
        self.tasks[number].kind = Kind::Refresh(session, generation, phase);
        self.tasks[number].responses.clear();
    }

    pub(super) fn sealed(&mut self, version: Version, operation: Operation) -> Sealed {
        let content = match operation {
            Operation::Create(_, content) | Operation::Save(_, content) => content,
            Operation::Delete(_) | Operation::Load(_) => Content::Own(0),
        };
        let content = match content {
            Content::Epoch(FRESH) => {
                self.epochs += 1;
                Content::Epoch(self.epochs)
            }
            other => other,
        };
        let is_new = !version.is_old && matches!(content, Content::Session(..));
        let key = version.keys[0];
        Sealed {
            content,
            key,
            is_new,
        }
    }

    pub(super) fn apply(&mut self, axes: Axes, version: Version, operation: Operation) -> Response {
        match operation {
            Operation::Load(place) => Response::Found(self.records.get(&place).copied()),
            Operation::Create(..) | Operation::Delete(_) | Operation::Save(..) => {
                let sealed = self.sealed(version, operation);
                self.write(axes, operation, sealed)
            }
        }
    }

    pub(super) fn write(&mut self, axes: Axes, operation: Operation, sealed: Sealed) -> Response {
        match operation {
            Operation::Create(place, _) => {
                let is_taken = self.records.contains_key(&place);
                if is_taken && !axes.overwrites {
                    return Response::Failed;
                }
                if is_taken && matches!(place, Place::Epoch(_)) {
                    self.risk(|_| true);
                }
                self.records.insert(place, sealed);
            }
            Operation::Save(place, _) => {
                if matches!(place, Place::Epoch(_)) {
                    // A login that is in progress elsewhere has begun before.
                    self.risk(|session| session.ticket.is_none());
                }
                if axes.saves_missing || self.records.contains_key(&place) {
                    self.records.insert(place, sealed);
                }
            }
            Operation::Delete(place) => {
                self.records.remove(&place);
            }
            Operation::Load(_) => {}
        }
        Response::Done
    }

    /// Returns whether no other process can have saved what a task saves, or a
    /// newer session.
    pub(super) fn is_first_save(&self, axes: Axes, task: &Task) -> bool {
        let Kind::Refresh(session, generation, Phase::Save(saving)) = task.kind else {
            return false;
        };
        let unfinished = &self.processes[task.process].unfinished;
        let is_tried = unfinished.contains_key(&(session, generation));
        saving != Saving::VerifiedLater
            && (!is_tried || axes.plant == Some(Fault::SavesAgainAtOnce))
    }

    /// A process writes a session again, or one that another process has verified
    /// as well, right after another one has refreshed it: a documented risk.
    pub(super) fn risk_overwriting(&mut self, axes: Axes, number: usize, operation: Operation) {
        let task = &self.tasks[number];
        if let Operation::Save(place, Content::Session(_, saved, _)) = operation
            && let Some(Content::Session(_, found, _)) = self.records.get(&place).map(|f| f.content)
            && found > saved
            && !self.is_first_save(axes, task)
        {
            self.risk(|_| true);
        }
    }

    /// A documented risk comes true for some sessions.
    pub(super) fn risk(&mut self, is_at_risk: impl Fn(&Session) -> bool) {
        for session in &mut self.sessions {
            session.may_be_lost |= is_at_risk(session);
        }
    }

    /// A task gets the result of its call.
    pub(super) fn complete(&mut self, number: usize, output: &Output) {
        let Task { process, kind, .. } = self.tasks[number].clone();
        match (kind, output) {
            (Kind::Attempt(mut pending), Output::Epochs(epochs)) => {
                if let Some(revocation) = &mut self.processes[process].revocation {
                    revocation.set_epochs(&pending, Arc::clone(epochs));
                }
                pending.epochs = Some(Arc::clone(epochs));
                self.tasks[number].kind = Kind::Attempt(pending);
                self.tasks[number].responses.clear();
            }
            (Kind::Attempt(pending), output) => {
                self.tasks.remove(number);
                self.end_attempt(process, &pending, matches!(output, Output::Revoked));
            }
            (Kind::Login(session), Output::Created(Some(ticket))) => {
                self.tasks.remove(number);
                self.end_login(process, session, *ticket);
            }
            (Kind::Login(_), Output::Created(None)) => {
                self.tasks[number].kind = Kind::LoginWaits;
                self.tasks[number].responses.clear();
            }
            (Kind::Logout(session), Output::Revoked) => {
                self.tasks.remove(number);
                self.sessions[usize::from(session)].end = End::Ended;
            }
            // It is tried again.
            (Kind::Logout(_), _) => self.tasks[number].responses.clear(),
            (Kind::Refresh(session, generation, phase), output) => {
                self.go_on_with_refresh(number, (session, generation, phase), output);
            }
            (Kind::Login(_) | Kind::LoginWaits, _) => drop(self.tasks.remove(number)),
        }
    }

    pub(super) fn end_attempt(
        &mut self,
        process: usize,
        pending: &PendingRevocation,
        is_stored: bool,
    ) {
        let memory = &mut self.processes[process];
        let id = memory.id;
        if is_stored && let Some(revocation) = &mut memory.revocation {
            revocation.complete(pending);
        }
        if !memory.is_pending() {
            for session in &mut self.sessions {
                if session.end == End::Ending(id) && !memory_ends(memory, session) {
                    session.end = End::Ended;
                }
            }
        }
        self.attempt(process);
    }

    pub(super) fn end_login(&mut self, process: usize, session: Number, ticket: Ticket) {
        let others = self.processes.iter().enumerate();
        let is_risky = others
            .filter(|(other, _)| *other != process)
            .any(|(_, other)| other.is_pending());
        let number = usize::from(session);
        if self.processes[process].knows_mark && self.sessions[number].is_denied {
            // Its ticket is not sent.
            return;
        }
        if self.processes[process].voids(session, &self.sessions[number]) {
            // It is created again, and its ticket is not sent.
            self.start(process, Kind::LoginWaits);
            return;
        }
        self.sessions[number].ticket = Some(ticket);
        self.sessions[number].may_be_lost |= is_risky;
    }

    pub(super) fn go_on_with_refresh(
        &mut self,
        number: usize,
        (session, generation, phase): (Number, Number, Phase),
        output: &Output,
    ) {
        let process = self.tasks[number].process;
        let memory = &mut self.processes[process];
        let key = (session, generation);
        self.tasks[number].responses.clear();
        match (phase, output) {
            (Phase::Begin, _) => {
                self.tasks[number].kind = Kind::Refresh(session, generation, Phase::Token);
                return;
            }
            (Phase::Save(_), Output::Saved(is_valid)) => {
                memory.unfinished.remove(&key);
                if *is_valid && self.tasks[number].is_late {
                    self.broken = Some("no session that was ended is refreshed");
                }
            }
            (Phase::Save(saving), _) => {
                memory.unfinished.insert(key, saving);
            }
            (Phase::Wait, Output::NotNewer) => {
                memory.rejected.insert(key);
            }
            (Phase::Wait | Phase::Token | Phase::Verify | Phase::VerifyLater, _) => {}
        }
        self.tasks.remove(number);
    }

    pub(super) fn crash(&mut self, process: usize) {
        self.budget.crashes -= 1;
        for task in self.tasks.iter().filter(|task| task.process == process) {
            if let Kind::Refresh(session, _, Phase::Verify | Phase::Save(_)) = task.kind {
                self.sessions[usize::from(session)].may_be_lost = true;
            }
        }
        for (session, _) in self.processes[process].unfinished.keys() {
            self.sessions[usize::from(*session)].may_be_lost = true;
        }
        self.tasks.retain(|task| task.process != process);
        let id = self.processes[process].id + 4;
        self.processes[process] = Process::new(id);
    }
}

/// Returns whether a session is being ended by something else than the
/// revocation of all of its user's.
fn memory_ends(memory: &Process, session: &Session) -> bool {
    session
        .ticket
        .is_some_and(|ticket| memory.revoked.contains(&ticket.session))
}
