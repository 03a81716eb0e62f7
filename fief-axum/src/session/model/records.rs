//! Sessions in a store that several processes share.
//!
//! The operations of each task interleave in any order. What the tasks do
//! with the store is what the code does: see [`replay`](super::replay).

use std::{collections::BTreeMap, sync::Arc};

use super::{
    explore::{Event, World},
    replay::{Call, Operation, Output, Replay, Response, Saving, Step},
    state::{Axes, End, Fault, Kind, Phase, Process, State, Task},
    values::{Content, Number, Place, Sealed, Ticket},
};

#[derive(Clone)]
pub(super) struct Records<'a> {
    replay: &'a Replay,
    axes: Axes,
    state: State,
}

impl<'a> Records<'a> {
    pub(super) fn new(replay: &'a Replay, axes: Axes) -> Self {
        let processes = (0..axes.processes.len())
            .map(|number| Process::new(u8::try_from(number).unwrap()))
            .collect();
        Self {
            replay,
            axes,
            state: State {
                budget: axes.budget,
                processes,
                records: BTreeMap::new(),
                late: Vec::new(),
                sessions: Vec::new(),
                tasks: Vec::new(),
                epochs: 0,
                unmarked: false,
                broken: None,
            },
        }
    }

    /// Returns the generation with which a process accepts a session now, and
    /// whether its new tokens are not verified yet.
    fn accepts(&self, process: usize, ticket: Ticket) -> Option<(Number, bool)> {
        self.accepts_with(process, ticket, true)
    }

    /// As [`accepts`](Self::accepts), with or without the marks.
    fn accepts_with(
        &self,
        process: usize,
        ticket: Ticket,
        with_marks: bool,
    ) -> Option<(Number, bool)> {
        let (version, memory) = (self.axes.processes[process], &self.state.processes[process]);
        let session = &self.state.sessions[usize::from(ticket.session)];
        let can_open = version.keys.contains(&ticket.key) && !memory.is_cut;
        if !can_open || memory.voids(ticket.session, session) {
            return None;
        }
        let mut responses = Vec::new();
        loop {
            match self.replay.step(version, &Call::Load(ticket), &responses) {
                Step::Done(Output::Loaded(generation)) => return generation,
                Step::Next(Operation::Load(place)) => {
                    let is_seen = with_marks || !matches!(place, Place::Mark(_));
                    let found = self.state.records.get(&place).filter(|_| is_seen).copied();
                    responses.push(Response::Found(
                        found.or_else(|| self.planted(place, ticket)),
                    ));
                }
                Step::Done(_) | Step::Next(_) => unreachable!("loading only loads"),
            }
        }
    }

    /// Returns what is taken for a missing record.
    fn planted(&self, place: Place, ticket: Ticket) -> Option<Sealed> {
        let content = match place {
            Place::Epoch(_) => Content::Epoch(ticket.epoch),
            Place::Own(..) => Content::Own(ticket.session),
            Place::ForAll(_) | Place::Lease(..) | Place::Mark(_) | Place::Session(..) => {
                return None;
            }
        };
        (self.axes.plant == Some(Fault::MissingIsValid)).then_some(Sealed {
            content,
            key: ticket.key,
            is_new: false,
        })
    }

    fn with(&self, change: impl FnOnce(&mut State)) -> Self {
        let mut next = self.clone();
        change(&mut next.state);
        next
    }

    fn start(&self, process: usize, kind: Kind) -> Self {
        self.with(|state| state.start(process, kind))
    }

    /// Returns what a request to a process may begin.
    fn begin(&self, process: usize, next: &mut Vec<(Event, Self)>) {
        let State {
            budget, sessions, ..
        } = &self.state;
        if budget.logins > 0 {
            let mut login = self.start(process, Kind::LoginWaits);
            login.state.budget.logins -= 1;
            next.push((("a login begins at", process), login));
        }
        if budget.revocations > 0 {
            let revoked = self.with(|state| state.revoke_user(process));
            next.push((("all sessions are revoked at", process), revoked));
        }
        if budget.marks > 0 {
            let keys = self.axes.processes[process].keys;
            let denied = self.with(|state| state.deny(process, keys, self.axes.plant));
            next.push((("a webhook denies the user at", process), denied));
        }
        for (number, session) in sessions.iter().enumerate() {
            let (number, Some(ticket)) = (u8::try_from(number).unwrap(), session.ticket) else {
                continue;
            };
            if budget.logouts > 0 && session.end == End::Alive {
                let logout = self.with(|state| state.log_out(process, number));
                next.push((("a logout begins at", process), logout));
            }
            let Some(accepted) = self.accepts(process, ticket) else {
                continue;
            };
            let (generation, _) = accepted;
            if let Some(phase) = self.refresh_phase(process, number, accepted) {
                let mut refresh = self.start(process, Kind::Refresh(number, generation, phase));
                if phase == Phase::Begin {
                    refresh.state.budget.refreshes -= 1;
                }
                next.push((("a refresh begins at", process), refresh));
            }
        }
    }

    /// Returns where a refresh begins, if it may.
    fn refresh_phase(
        &self,
        process: usize,
        session: Number,
        (generation, is_pending): (Number, bool),
    ) -> Option<Phase> {
        let memory = &self.state.processes[process];
        let is_in_flight = self.state.tasks.iter().any(|task| {
            task.process == process
                && matches!(task.kind, Kind::Refresh(s, g, _) if (s, g) == (session, generation))
        });
        let key = (session, generation);
        match memory.unfinished.get(&key) {
            _ if is_in_flight || memory.rejected.contains(&key) => None,
            Some(unsaved) => Some(Phase::Save(*unsaved)),
            None if is_pending => Some(Phase::VerifyLater),
            None => (self.state.budget.refreshes > 0).then_some(Phase::Begin),
        }
    }

    /// Returns what a task may do next.
    fn go_on(&self, number: usize, next: &mut Vec<(Event, Self)>) {
        let task = &self.state.tasks[number];
        let Some(call) = self.call(task) else {
            self.go_on_without_store(number, next);
            return;
        };
        let version = self.axes.processes[task.process];
        match self.replay.step(version, &call, &task.responses) {
            Step::Done(output) => {
                let done = self.with(|state| state.complete(number, &output));
                next.push((("a task gets its result:", number), done));
            }
            Step::Next(operation) => self.operate(number, operation, next),
        }
    }

    /// Returns what a task calls, unless it does not need the store now.
    fn call(&self, task: &Task) -> Option<Call> {
        let process = self.state.processes[task.process].id;
        let ticket = |session: Number| self.state.sessions[usize::from(session)].ticket.unwrap();
        Some(match &task.kind {
            Kind::Attempt(pending) => match &pending.epochs {
                None => Call::Epochs,
                Some(epochs) => Call::ReplaceEpochs(Arc::clone(epochs)),
            },
            Kind::Login(session) => Call::Create(*session),
            Kind::LoginWaits => return None,
            Kind::Logout(session) => Call::Revoke(*session),
            Kind::Refresh(session, generation, phase) => match phase {
                Phase::Begin => Call::BeginRefresh(*session, *generation, process),
                Phase::Token | Phase::Verify | Phase::VerifyLater => return None,
                Phase::Save(saving) => {
                    let is_first = self.state.is_first_save(self.axes, task);
                    Call::SaveRefreshed(ticket(*session), generation + 1, *saving, is_first)
                }
                Phase::Wait => Call::WaitForNewer(ticket(*session), *generation, process),
            },
        })
    }

    /// Returns what the store may do with an operation.
    fn operate(&self, number: usize, operation: Operation, next: &mut Vec<(Event, Self)>) {
        let version = self.axes.processes[self.state.tasks[number].process];
        let done = self.with(|state| {
            state.risk_overwriting(self.axes, number, operation);
            let response = state.apply(self.axes, version, operation);
            state.respond(number, response);
        });
        let fails = |change: &dyn Fn(&mut State)| {
            self.with(|state| {
                change(state);
                state.respond(number, Response::Failed);
            })
        };
        let process = self.state.tasks[number].process;
        if self.state.processes[process].is_cut {
            next.push((("no store for task", number), self.without_store(number)));
            return;
        }
        if self.state.budget.cuts > 0 && matches!(operation, Operation::Save(..)) {
            let cut = fails(&|state| {
                state.budget.cuts -= 1;
                state.processes[process].is_cut = true;
                state.apply(self.axes, version, operation);
            });
            next.push((("the store responds, and is lost for task", number), cut));
        }
        if self.state.budget.failures > 0 {
            let lost = fails(&|state| state.budget.failures -= 1);
            next.push((("the store fails task", number), lost));
            let unheard = fails(&|state| {
                state.budget.failures -= 1;
                state.apply(self.axes, version, operation);
            });
            next.push((("the store responds too late to task", number), unheard));
        }
        if self.state.budget.late > 0 && !matches!(operation, Operation::Load(_)) {
            let late = fails(&|state| {
                state.budget.late -= 1;
                let sealed = state.sealed(version, operation);
                state.late.push((operation, sealed));
            });
            next.push((("the store is going to do later, for task", number), late));
        }
        next.push((("the store responds to task", number), done));
    }

    /// All operations of a task's call fail.
    fn without_store(&self, number: usize) -> Self {
        self.with(|state| {
            let version = self.axes.processes[state.tasks[number].process];
            let Some(call) = self.call(&state.tasks[number]) else {
                return;
            };
            loop {
                state.respond(number, Response::Failed);
                let responses = &state.tasks[number].responses;
                if let Step::Done(output) = self.replay.step(version, &call, responses) {
                    state.complete(number, &output);
                    return;
                }
            }
        })
    }

    /// Returns what a process tries again without a request: to save what it has
    /// received.
    fn try_again(&self, process: usize, next: &mut Vec<(Event, Self)>) {
        for ((session, generation), saving) in &self.state.processes[process].unfinished {
            let is_in_flight = self.state.tasks.iter().any(|task| {
                task.process == process
                    && matches!(task.kind, Kind::Refresh(s, g, _) if (s, g) == (*session, *generation))
            });
            if !is_in_flight {
                let kind = Kind::Refresh(*session, *generation, Phase::Save(*saving));
                next.push((
                    ("a save is tried again at", process),
                    self.start(process, kind),
                ));
            }
        }
    }

    fn go_on_without_store(&self, number: usize, next: &mut Vec<(Event, Self)>) {
        let task = &self.state.tasks[number];
        match task.kind {
            Kind::LoginWaits => {
                let may_create = self.with(|state| state.go_on_with_login(number));
                next.extend(
                    (may_create.state.tasks.len() != self.state.tasks.len()
                        || !matches!(may_create.state.tasks[number].kind, Kind::LoginWaits))
                    .then_some((("a login goes on:", number), may_create)),
                );
            }
            Kind::Refresh(_, _, Phase::Token) => {
                let sent = self.with(|state| state.send_token(number));
                next.push((("Fief responds to task", number), sent));
            }
            Kind::Refresh(session, generation, phase) => {
                if self.state.budget.unverified > 0 {
                    let forgets = self.axes.plant == Some(Fault::ForgetsUnverified);
                    let later = self.with(|state| {
                        state.budget.unverified -= 1;
                        if forgets || phase == Phase::VerifyLater {
                            state.tasks.remove(number);
                        } else {
                            let kind =
                                Kind::Refresh(session, generation, Phase::Save(Saving::Unverified));
                            state.tasks[number].kind = kind;
                        }
                    });
                    next.push((("no keys to verify for task", number), later));
                }
                let verified = self.with(|state| {
                    let live = &mut state.sessions[usize::from(session)].live;
                    // The record with the verified tokens is newer than that of before.
                    *live = (*live).max(generation + 1);
                    let saving = if phase == Phase::VerifyLater {
                        Saving::VerifiedLater
                    } else {
                        Saving::Verified
                    };
                    let kind = Kind::Refresh(session, generation, Phase::Save(saving));
                    state.tasks[number].kind = kind;
                });
                next.push((("the tokens are verified for task", number), verified));
            }
            Kind::Attempt(..) | Kind::Login(_) | Kind::Logout(_) => {}
        }
    }
}

impl World for Records<'_> {
    fn next(&self) -> Vec<(Event, Self)> {
        let mut next = Vec::new();
        if self.state.tasks.len() < self.axes.tasks {
            for process in 0..self.state.processes.len() {
                self.begin(process, &mut next);
                if !self.state.processes[process].is_cut {
                    self.try_again(process, &mut next);
                }
            }
        }
        for number in 0..self.state.tasks.len() {
            self.go_on(number, &mut next);
        }
        if self.state.unmarked && !self.state.processes.iter().any(Process::is_pending) {
            let keys = self.axes.processes[0].keys;
            let marked = self.with(|state| state.mark(0, keys));
            next.push((("a webhook writes its mark at last at", 0), marked));
        }
        for (number, (operation, sealed)) in self.state.late.iter().enumerate() {
            let landed = self.with(|state| {
                state.late.remove(number);
                if matches!(operation, Operation::Save(Place::Epoch(_), _)) {
                    state.risk(|_| true);
                }
                state.write(self.axes, *operation, *sealed);
            });
            next.push((("the store does it at last:", number), landed));
        }
        for (number, process) in self.state.processes.iter().enumerate() {
            if process.is_cut {
                let found = self.with(|state| state.processes[number].is_cut = false);
                next.push((("the store is there again for", number), found));
            }
        }
        if self.state.budget.crashes > 0 {
            for process in 0..self.state.processes.len() {
                next.push((
                    ("crash of", process),
                    self.with(|state| state.crash(process)),
                ));
            }
        }
        if self.state.budget.evictions > 0 {
            for (number, place) in self.state.records.keys().enumerate() {
                let evicted = self.with(|state| {
                    state.budget.evictions -= 1;
                    state.risk(|_| true);
                    // A login that is in progress may not find the mark.
                    if matches!(place, Place::Mark(_)) {
                        state
                            .sessions
                            .iter_mut()
                            .for_each(|it| it.is_denied = false);
                        state.tasks.iter_mut().for_each(|it| it.is_denied = false);
                    }
                    state.records.remove(place);
                });
                next.push((("the store evicts", number), evicted));
            }
        }
        next
    }

    fn broken(&self) -> Option<&'static str> {
        if self.state.broken.is_some() {
            return self.state.broken;
        }
        let is_quiet = self.state.tasks.is_empty()
            && !self.state.unmarked
            && self.state.late.is_empty()
            && self
                .state
                .processes
                .iter()
                .all(|p| p.unfinished.is_empty() && !p.is_cut);
        for session in &self.state.sessions {
            let Some(ticket) = session.ticket else {
                continue;
            };
            for (process, memory) in self.state.processes.iter().enumerate() {
                let accepted = self.accepts(process, ticket);
                if accepted != self.accepts_with(process, ticket, false) {
                    return Some("a mark neither ends nor revives a session");
                }
                if is_quiet && session.is_denied && accepted.is_some() {
                    return Some("no login of a user that is denied lasts");
                }
                match session.end {
                    End::Ended if accepted.is_some() => {
                        return Some("a session that was ended stays ended");
                    }
                    End::Ending(id) if id == memory.id && accepted.is_some() => {
                        return Some("a process does not accept what it was to end");
                    }
                    End::Alive if is_quiet && !session.may_be_lost => {
                        let can_read = !self.axes.processes[process].is_old;
                        if can_read
                            && accepted.is_none_or(|(generation, _)| generation != session.live)
                        {
                            return Some("no live session is lost");
                        }
                    }
                    End::Alive | End::Ended | End::Ending(_) => {}
                }
            }
        }
        None
    }
}

impl std::fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.state.fmt(f)
    }
}

impl std::hash::Hash for Records<'_> {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        self.state.hash(hasher);
    }
}
