use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Notify;

use crate::session::data::{SKEW, Session};

/// Session or token that is waited for, and when it has to be checked. All times
/// are in seconds of Unix time.
pub(super) struct Watch {
    pub(super) signal: Arc<Signal>,
    /// How many wait.
    pub(super) waiters: usize,
    /// When it is scheduled to be checked.
    pub(super) due: u64,
    /// When the access token expires, or the session is no longer proven.
    pub(super) expires_at: u64,
    /// When the session's lifetime ends.
    ends_at: u64,
    /// `None` for a token.
    pub(super) session: Option<Arc<Session>>,
    /// `None` without a store.
    pub(super) check: Option<StoreCheck>,
}

/// When a session is loaded from the store, which knows what other machines
/// refreshed and revoked.
#[derive(Default)]
pub(super) struct StoreCheck {
    next: u64,
    /// Its place in the queue of sessions to load, if it is there.
    pub(super) queued_at: Option<u64>,
    /// Whether the access token has expired: without a newer one, the session
    /// ends.
    is_last: bool,
}

/// What is due.
pub(super) enum Step {
    End,
    Load,
    Wait,
}

/// Wakes all that waits for one session or token.
#[derive(Default)]
pub(super) struct Signal {
    has_ended: AtomicBool,
    pub(super) notify: Notify,
}

impl Signal {
    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Release);
        self.notify.notify_waiters();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }
}

impl Watch {
    pub(super) fn of_token(expires_at: u64) -> Self {
        Self {
            signal: Arc::default(),
            waiters: 0,
            due: expires_at,
            expires_at,
            ends_at: u64::MAX,
            session: None,
            check: None,
        }
    }

    /// `lifetime` is that of sessions, in seconds.
    pub(super) fn of_session(session: &Arc<Session>, lifetime: u64, now: u64) -> Self {
        let mut watch = Self {
            ends_at: session.created_at.saturating_add(lifetime),
            session: Some(Arc::clone(session)),
            check: session.ticket.is_some().then(StoreCheck::default),
            ..Self::of_token(session.usable_until())
        };
        watch.plan(now);
        watch.due = watch.next_due();
        watch
    }

    /// Plans the first load from the store. Sessions are spread evenly, by their
    /// random ids.
    pub(super) fn plan(&mut self, now: u64) {
        if let (Some(session), Some(check)) = (&self.session, &mut self.check) {
            let offset = session.id.as_u128() % u128::from(CHECK_PERIOD);
            let offset = u64::try_from(offset).unwrap_or_default();
            check.next = now.saturating_add(1 + offset);
            check.is_last = false;
        }
    }

    /// Returns when it has to be checked next.
    pub(super) fn next_due(&self) -> u64 {
        let due = match &self.check {
            Some(check) if check.is_last => check.next,
            Some(check) => self.expires_at.min(check.next),
            None => self.expires_at,
        };
        due.min(self.ends_at)
    }

    /// Returns what is due, and plans the next load from the store.
    pub(super) fn step(&mut self, now: u64) -> Step {
        if now >= self.ends_at {
            return Step::End;
        }
        let has_expired = now >= self.expires_at;
        match &mut self.check {
            Some(check) if !check.is_last && (has_expired || now >= check.next) => {
                check.is_last = has_expired;
                check.next = now.saturating_add(CHECK_PERIOD);
                Step::Load
            }
            Some(_) | None if has_expired => Step::End,
            Some(_) | None => Step::Wait,
        }
    }

    /// Goes on with a newer session, if it is one.
    pub(super) fn renew(&mut self, newer: &Arc<Session>) {
        if let Some(session) = &mut self.session
            && newer.generation > session.generation
        {
            *session = Arc::clone(newer);
            self.expires_at = newer.usable_until();
            if let Some(check) = &mut self.check {
                check.is_last = false;
            }
        }
    }

    /// Returns whether the session was created after `now`: the clock is wrong.
    pub(super) fn is_from_the_future(&self, now: u64) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.created_at > now.saturating_add(SKEW))
    }
}

/// The time between two loads of a session, in seconds.
const CHECK_PERIOD: u64 = 30;
