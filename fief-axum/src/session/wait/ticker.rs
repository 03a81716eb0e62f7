use std::{sync::Arc, thread, time::Duration};

use fief_client::{Fief, internal::unix_seconds};
use tokio::{
    runtime::{self, Handle},
    select,
    task::{JoinSet, yield_now},
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use super::waiters::Waiters;
use crate::{
    Error,
    session::{data::Session, sessions::Sessions},
};

/// Spawns the task that advances the time for all that waits, unless this runtime
/// has one. It completes when nothing waits.
///
/// Each runtime has its own, since another one may not be running.
pub(super) fn start(
    runtime: &Handle,
    waiters: &Arc<Waiters>,
    fief: &Fief,
    sessions: Option<&Arc<Sessions>>,
) {
    if waiters.begin_ticking(runtime.id()) {
        let ticker = Ticker {
            runtime: runtime.id(),
            waiters: Arc::clone(waiters),
            fief: fief.clone(),
            sessions: sessions.cloned(),
            is_stopped: false,
        };
        runtime.spawn(ticker.run());
    }
}

struct Ticker {
    runtime: runtime::Id,
    waiters: Arc<Waiters>,
    fief: Fief,
    sessions: Option<Arc<Sessions>>,
    is_stopped: bool,
}

/// Id of a session, and what the store has of it.
type Load = (Uuid, Result<Option<Session>, Error>);

impl Ticker {
    async fn run(mut self) {
        let mut loads = JoinSet::new();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = 0;
        while !self.waiters.stop_if_idle(self.runtime) {
            select! {
                _ = ticks.tick() => last = self.tick(last).await,
                Some(loaded) = loads.join_next() => {
                    // If it panicked, it is loaded again after the period.
                    if let Ok((id, stored)) = loaded {
                        self.waiters.loaded(id, stored, unix_seconds(self.fief.now()));
                    }
                }
            }
            self.start_loads(&mut loads);
        }
        self.is_stopped = true;
    }

    /// Checks what is due, and returns the time. `last` is that of the last tick.
    async fn tick(&self, last: u64) -> u64 {
        let now = unix_seconds(self.fief.now());
        if now < last {
            self.waiters.replan(now);
        }
        while self.waiters.advance(now) {
            yield_now().await;
        }
        now
    }

    /// Loads sessions that are due, a limited number at a time.
    fn start_loads(&self, loads: &mut JoinSet<Load>) {
        let Some(sessions) = &self.sessions else {
            return;
        };
        while loads.len() < MAX_LOADS
            && let Some(session) = self.waiters.next_load()
        {
            let sessions = Arc::clone(sessions);
            loads.spawn(async move { (session.id, load(&sessions, &session).await) });
        }
    }
}

impl Drop for Ticker {
    /// If the runtime shuts down, what was moved to another one starts a task there.
    /// After a panic everything ends, since the time is unknown.
    fn drop(&mut self) {
        if self.is_stopped {
            return;
        }
        for signal in self.waiters.stop(self.runtime) {
            if thread::panicking() {
                signal.end();
            } else {
                signal.notify.notify_waiters();
            }
        }
    }
}

async fn load(sessions: &Sessions, session: &Session) -> Result<Option<Session>, Error> {
    match (&sessions.store, &session.ticket) {
        (Some(store), Some(ticket)) => store.load(ticket).await,
        (Some(_) | None, _) => Ok(None),
    }
}

/// How often the clock is read.
const TICK: Duration = Duration::from_secs(1);
/// How many sessions are loaded at the same time.
const MAX_LOADS: usize = 128;
