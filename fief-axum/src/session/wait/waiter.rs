use std::{pin::pin, sync::Arc};

use super::{
    waiters::{Key, Waiters},
    watch::Signal,
};
use crate::session::data::Session;

/// One that waits, which is removed from the registry when it is dropped.
pub(super) struct Waiter {
    waiters: Arc<Waiters>,
    key: Key,
    signal: Arc<Signal>,
}

impl Waiter {
    /// Waits for the end of a session. `lifetime` is that of sessions, in seconds.
    pub(super) fn for_session(
        waiters: &Arc<Waiters>,
        session: &Arc<Session>,
        lifetime: u64,
        now: u64,
    ) -> Self {
        let (key, signal) = waiters.add_session(session, lifetime, now);
        Self {
            waiters: Arc::clone(waiters),
            key,
            signal,
        }
    }

    /// Waits until a token expires.
    pub(super) fn for_token(waiters: &Arc<Waiters>, expires_at: u64) -> Self {
        let (key, signal) = waiters.add_token(expires_at);
        Self {
            waiters: Arc::clone(waiters),
            key,
            signal,
        }
    }

    /// Completes when the session or token has ended.
    ///
    /// Calls `start` first, and again whenever the task that advances the time was
    /// lost.
    pub(super) async fn ended(&self, start: impl Fn()) {
        for _ in 0..MAX_STARTS {
            let mut notified = pin!(self.signal.notify.notified());
            // Before the signal is read, so that none is missed.
            notified.as_mut().enable();
            if self.signal.has_ended() {
                return;
            }
            start();
            notified.await;
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.waiters.remove(self.key, &self.signal);
    }
}

/// How often the task is started again, which is once for each runtime that shuts
/// down. Then the wait ends, since no time passes.
const MAX_STARTS: usize = 16;
