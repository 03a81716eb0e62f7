//! What a session store has of an exchange, by which machines share it.

use std::sync::Arc;

use fief_client::{
    PendingTokens,
    internal::{Chain, pending_from_json, pending_to_json, unix_seconds},
};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{
    callback_query::ExchangeKey,
    exchanges::{KEPT_LIFETIME, SKEW, is_joinable},
    outcome::Ended,
};
use crate::{
    Error,
    cookie::Purpose,
    log::limited,
    session::{self, AttemptRecord, AttemptState, Created, Sessions, Store},
};

/// The record of an attempt in the session store.
pub(super) struct StoredAttempt<'a> {
    sessions: &'a Arc<Sessions>,
    store: &'a Store,
    key: ExchangeKey,
}

/// What the store has of an attempt.
pub(super) enum Found {
    Finished(FoundSession),
    Kept(PendingTokens),
    /// There is no record.
    Missing,
    OtherCode,
    /// Another machine is exchanging the code.
    Pending,
    Used,
}

/// Session that another machine has created.
pub(super) struct FoundSession {
    /// The value of its cookie.
    pub(super) sealed: SecretString,
    /// The page that the application has chosen.
    pub(super) page: Option<String>,
    /// When it was created.
    pub(super) at: u64,
}

impl<'a> StoredAttempt<'a> {
    /// Returns `None` if sessions are in cookies.
    pub(super) fn new(sessions: &'a Arc<Sessions>, key: ExchangeKey) -> Option<Self> {
        Some(Self {
            sessions,
            store: sessions.store.as_ref()?,
            key,
        })
    }

    /// Claims the attempt for this process, or returns what another one has of
    /// it. If that is exchanging the code, waits for it for about 2 seconds.
    pub(super) async fn claim(&self) -> Result<Option<Found>, Error> {
        let record = self.record(AttemptState::Exchanging);
        let Some(mut found) = self.store.create_attempt(self.key.attempt, &record).await? else {
            return Ok(None);
        };
        if is_exchanging(&found.state) && found.code == self.key.code {
            let is_awaited = |state: &AttemptState| !is_exchanging(state);
            match self
                .store
                .wait_for_attempt(self.key.attempt, is_awaited)
                .await?
            {
                Some(latest) => found = latest,
                // Its code was not sent: the next callback may.
                None => return Ok(Some(Found::Missing)),
            }
        }
        Ok(Some(self.found(found)))
    }

    pub(super) async fn load(&self) -> Result<Found, Error> {
        let record = self.store.attempt(self.key.attempt).await?;
        Ok(record.map_or(Found::Missing, |record| self.found(record)))
    }

    /// Waits for about 2 seconds for the session of another machine.
    pub(super) async fn wait_for_session(&self) -> Result<Found, Error> {
        let is_awaited = |state: &AttemptState| match state {
            AttemptState::Exchanging | AttemptState::Kept(_) => false,
            AttemptState::Finished(_) | AttemptState::Used => true,
        };
        let record = self
            .store
            .wait_for_attempt(self.key.attempt, is_awaited)
            .await?;
        Ok(record.map_or(Found::Missing, |record| self.found(record)))
    }

    /// Returns whether this process completes the login of kept tokens.
    pub(super) async fn begin_completion(&self) -> Result<bool, Error> {
        let process = self.sessions.revoked.process();
        let (attempt, now) = (self.key.attempt, self.now());
        self.store.begin_completion(attempt, process, now).await
    }

    /// Lets any process complete the login if this one could not.
    pub(super) async fn end_completion(&self, ended: &Ended) {
        match ended {
            Ended::LoggedIn(..) | Ended::Used(_) => return,
            Ended::Free(_) | Ended::Kept(_) => {}
        }
        if let Err(error) = self.store.end_completion(self.key.attempt).await {
            tracing::debug!(error = %Chain(&error), "failed to delete a record of a login");
        }
    }

    /// Saves how the exchange ended. One that was not sent leaves no record.
    ///
    /// Returns `false` if the browser has logged out at another machine meanwhile:
    /// then there is no login. That machine marks the attempt and then reads its
    /// record, so one of the two finds what the other one wrote. A machine of the
    /// previous release only saves the record of an attempt that was `claimed` here.
    pub(super) async fn save(&self, ended: &Ended, claimed: bool) -> Result<bool, Error> {
        let attempt = self.key.attempt;
        let state = match ended {
            Ended::Free(_) => return self.store.delete_attempt(attempt).await.map(|()| true),
            Ended::Kept(pending) => AttemptState::Kept(pending_to_json(pending)?),
            Ended::LoggedIn(login, _) => self.finished(&login.created)?,
            Ended::Used(_) => AttemptState::Used,
        };
        if claimed {
            let found = self.store.attempt(attempt).await?;
            if found.is_some_and(|found| matches!(found.state, AttemptState::Used)) {
                return Ok(false);
            }
        }
        let mut record = self.record(state);
        if let Ended::LoggedIn(login, _) = ended {
            record.page.clone_from(&login.page);
        }
        let saved = self.store.save_attempt(attempt, &record).await;
        // Also if that failed, since it may have had an effect.
        if !self.store.is_discarded(attempt).await? {
            return saved.map(|()| true);
        }
        let used = self.record(AttemptState::Used);
        if let Err(error) = self.store.save_attempt(attempt, &used).await {
            tracing::debug!(error = %Chain(&error), "failed to save that a login was discarded");
        }
        Ok(false)
    }

    fn finished(&self, created: &Created) -> Result<AttemptState, Error> {
        let keys = &self.sessions.cookies.keys;
        Ok(match &created.session.ticket {
            Some(ticket) => AttemptState::Finished(keys.seal(Purpose::Ticket, &**ticket)?.into()),
            None => AttemptState::Used,
        })
    }

    fn record(&self, state: AttemptState) -> AttemptRecord {
        AttemptRecord {
            code: self.key.code,
            process: self.sessions.revoked.process(),
            written_at: self.now(),
            state,
            page: None,
        }
    }

    fn found(&self, record: AttemptRecord) -> Found {
        let AttemptRecord {
            code,
            process,
            written_at,
            state,
            page,
        } = record;
        if code != self.key.code {
            return Found::OtherCode;
        }
        let now = self.now();
        // An exchange takes much less, also by a clock that differs.
        let is_in_flight = now.saturating_sub(written_at) < MAX_EXCHANGE;
        // By this clock it may be that young: the other machine's may be behind.
        let written_at = if process == self.sessions.revoked.process() {
            written_at
        } else {
            written_at.max(now.min(written_at.saturating_add(SKEW)))
        };
        let age = now.saturating_sub(written_at);
        match state {
            AttemptState::Exchanging if is_in_flight => Found::Pending,
            AttemptState::Finished(sealed) if is_joinable(written_at, now) => {
                Found::Finished(FoundSession {
                    sealed,
                    page,
                    at: written_at,
                })
            }
            AttemptState::Kept(json) if age < KEPT_LIFETIME => {
                match pending_from_json(&self.sessions.fief, json.expose_secret()) {
                    Ok(pending) => Found::Kept(pending),
                    Err(error) => {
                        limited!(error, &self.sessions.fief, error = %Chain(&error), "the tokens of a login are lost");
                        Found::Used
                    }
                }
            }
            AttemptState::Exchanging
            | AttemptState::Finished(_)
            | AttemptState::Kept(_)
            | AttemptState::Used => Found::Used,
        }
    }

    fn now(&self) -> u64 {
        unix_seconds(self.sessions.fief.now())
    }
}

/// Marks an attempt whose tokens are kept in the store as used. For a logout also one
/// whose exchange is in flight, or whose session was created: it is revoked. Returns
/// whether there was one.
pub(super) async fn discard(
    sessions: &Arc<Sessions>,
    attempt: Uuid,
    is_logout: bool,
) -> Result<bool, Error> {
    let Some(store) = &sessions.store else {
        return Ok(false);
    };
    let mut found = store.attempt(attempt).await?;
    if is_logout && found.is_some() {
        let now = unix_seconds(sessions.fief.now());
        store.mark_discarded(attempt, now).await?;
        // Another machine may have finished it before it could find the mark.
        found = store.attempt(attempt).await?;
    }
    let Some(record) = found else {
        return Ok(false);
    };
    match record.state {
        AttemptState::Kept(_) => {}
        AttemptState::Exchanging if is_logout => {}
        AttemptState::Finished(sealed) if is_logout => {
            session::revoke_sealed(sessions, sealed.expose_secret()).await?;
        }
        AttemptState::Exchanging | AttemptState::Finished(_) | AttemptState::Used => {
            return Ok(false);
        }
    }
    let used = AttemptRecord {
        code: record.code,
        process: sessions.revoked.process(),
        written_at: unix_seconds(sessions.fief.now()),
        state: AttemptState::Used,
        page: None,
    };
    store.save_attempt(attempt, &used).await?;
    Ok(true)
}

fn is_exchanging(state: &AttemptState) -> bool {
    match state {
        AttemptState::Exchanging => true,
        AttemptState::Finished(_) | AttemptState::Kept(_) | AttemptState::Used => false,
    }
}

/// After this many seconds an exchange in flight was lost: longer than its
/// requests and the store may take.
const MAX_EXCHANGE: u64 = 120;
