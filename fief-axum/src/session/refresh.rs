//! Refreshes the tokens of sessions.
//!
//! Fief invalidates a refresh token when it is used, so each is used once, and
//! the new one is stored before the new access token is used.

use std::{pin::Pin, sync::Arc, time::Duration};

use fief_client::{
    FiefError, FiefUserInfo, PendingTokens,
    internal::{
        Chain, Recovery, pending_from_json, pending_received_at, pending_to_json, unix_seconds,
    },
};
use tokio::time::{sleep, timeout};

use super::{
    classify::classify,
    data::Session,
    refresh_hook::{self, Verdict},
    refreshes::{RefreshOutcome, UNFINISHED_LIFETIME, Unfinished},
    revoke::revoke_or_log,
    sessions::Sessions,
    wait::record_refresh,
};
use crate::{RejectionKind, log::limited, metrics};

/// Refreshes a session, unless a refresh is in flight or was just completed:
/// then returns its outcome.
///
/// The refresh is spawned, so that the new tokens are not lost if the request
/// that started it is dropped.
pub(super) async fn join(
    sessions: &Arc<Sessions>,
    session: &Arc<Session>,
    now: u64,
) -> RefreshOutcome {
    let work = || {
        let (sessions, session) = (Arc::clone(sessions), Arc::clone(session));
        async move {
            let refreshes = &sessions.refreshes;
            let was_unfinished = refreshes.unfinished(&session, now).is_some();
            // What is received already may be of before the change.
            let is_new = !was_unfinished && session.pending().is_none();
            let change = sessions.marks.change_of(session.user).filter(|_| is_new);
            let outcome = refresh(&sessions, &session).await;
            metrics::refresh(outcome.label());
            let now = unix_seconds(sessions.fief.now());
            refreshes.insert(&session, outcome.clone(), now);
            if let RefreshOutcome::Refreshed(newer) = &outcome {
                sessions.marks.record_refresh(newer, change, now);
            }
            record_refresh(&sessions.waiters, session.id, &outcome);
            let is_unfinished = refreshes.unfinished(&session, now).is_some();
            // Without a store, the browser has to come back for the new session.
            if is_unfinished && !was_unfinished && sessions.store.is_some() {
                tokio::spawn(finish_later(Arc::clone(&sessions), session));
            }
            outcome
        }
    };
    sessions.refreshes.join(session, now, work).await
}

/// Completes a refresh that could not be completed at once, also if no other
/// request of the session arrives here.
///
/// Boxed, since it joins the refresh that starts it.
fn finish_later(
    sessions: Arc<Sessions>,
    session: Arc<Session>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        for _ in 0..MAX_RETRIES {
            sleep(RETRY_INTERVAL).await;
            let now = unix_seconds(sessions.fief.now());
            if sessions.refreshes.unfinished(&session, now).is_none() {
                return;
            }
            join(&sessions, &session, now).await;
        }
    })
}

/// Sends the refresh token to Fief, unless that was done before, and stores
/// what it received.
async fn refresh(sessions: &Arc<Sessions>, session: &Arc<Session>) -> RefreshOutcome {
    let now = unix_seconds(sessions.fief.now());
    let pending = match (
        sessions.refreshes.unfinished(session, now),
        session.pending(),
    ) {
        (Some(Unfinished::Unsaved(newer)), _) => {
            return save(sessions, session, newer, false).await;
        }
        (Some(Unfinished::Unverified(pending)), _) => Ok(pending),
        (None, Some(pending)) => pending_from_json(&sessions.fief, pending),
        (None, None) if session.refresh_token().is_none() => return RefreshOutcome::Rejected,
        (None, None) if sessions.refreshes.has_room(now) => {
            let hook = sessions.on_refresh.as_ref();
            match refresh_hook::call(hook, session, &sessions.fief).await {
                Verdict::Continue => request(sessions, session).await,
                Verdict::End => {
                    tracing::debug!("session ended: `on_refresh` says so");
                    revoke_or_log(sessions, session.id, Some(session.user)).await;
                    return RefreshOutcome::Ended;
                }
                Verdict::Failed => return RefreshOutcome::Failed,
            }
        }
        (None, None) => {
            limited!(
                error,
                &sessions.fief,
                "too many refreshes are unfinished: no other is started"
            );
            return RefreshOutcome::Failed;
        }
    };
    let pending = match pending {
        Ok(pending) => pending,
        Err(error) => return classify(sessions, session, &error).await,
    };
    // From here on, a task that is lost loses no tokens.
    let unverified = Unfinished::Unverified(pending.clone());
    sessions.refreshes.keep(session, unverified, now);
    let verified = match &sessions.store {
        // Other machines wait about 2 seconds for what is received.
        Some(_) if session.pending().is_none() => {
            let verify = verify(sessions, session, &pending);
            let too_slow = Err(NotVerified::Yet { is_outage: true });
            timeout(VERIFY_TIMEOUT, verify).await.unwrap_or(too_slow)
        }
        Some(_) | None => verify(sessions, session, &pending).await,
    };
    match verified {
        Ok((newer, user)) => {
            let outcome = save(sessions, session, newer, true).await;
            if let RefreshOutcome::Refreshed(_) = &outcome {
                let (users, received_at) = (&sessions.users, pending_received_at(&pending));
                users.learn(&sessions.fief, &user, received_at).await;
            }
            outcome
        }
        Err(NotVerified::Yet { is_outage }) => keep(sessions, session, pending, is_outage).await,
        Err(NotVerified::Invalid(error)) => {
            let outcome = classify(sessions, session, &error).await;
            sessions.refreshes.finish(session);
            outcome
        }
    }
}

/// Sends the refresh token to Fief. The new tokens are not verified.
async fn request(sessions: &Sessions, session: &Session) -> Result<PendingTokens, FiefError> {
    let fief = &sessions.fief;
    if let Some(store) = &sessions.store {
        let (process, now) = (sessions.revoked.process(), unix_seconds(fief.now()));
        store.begin_refresh(session, process, now).await;
    }
    let refresh_token = session.refresh_token().unwrap_or_default();
    let params = session.refresh_params();
    let pending = fief.request_refreshed_tokens(refresh_token, &params).await;
    pending.map_err(FiefError::from)
}

/// Why tokens are not verified.
enum NotVerified {
    Invalid(FiefError),
    /// Fief's keys cannot be fetched (`is_outage`), or lack the one of the tokens.
    Yet {
        is_outage: bool,
    },
}

impl NotVerified {
    fn yet(error: &FiefError) -> Self {
        let is_outage = match error.clone().into_class().recovery() {
            Recovery::Outage => true,
            Recovery::Never | Recovery::Possible => false,
        };
        Self::Yet { is_outage }
    }
}

/// Verifies the new tokens. Returns the session with them, and the user.
async fn verify(
    sessions: &Sessions,
    session: &Session,
    pending: &PendingTokens,
) -> Result<(Arc<Session>, FiefUserInfo), NotVerified> {
    let fief = &sessions.fief;
    let (tokens, user) = match fief.verify(pending).await {
        Ok(verified) => verified,
        Err(FiefError::TokensPending { source, .. }) => return Err(NotVerified::yet(&source)),
        Err(error) => return Err(NotVerified::Invalid(error)),
    };
    // It is verified, so this is a cache lookup, or the keys are known.
    let validated = fief.validate_session_token(tokens.access_token()).await;
    let info = validated.map_err(|error| {
        if RejectionKind::from(error.clone()).is_unauthenticated() {
            NotVerified::Invalid(error)
        } else {
            NotVerified::yet(&error)
        }
    })?;
    // Fief confirmed the user when it issued the tokens.
    let newer = session.refreshed(&tokens, &info, pending_received_at(pending));
    Ok((Arc::new(newer), user))
}

/// Keeps tokens that cannot be verified yet: in the store, so that any machine
/// can go on, else in this process.
///
/// If their key is still unknown after 10 minutes, they are given up.
async fn keep(
    sessions: &Arc<Sessions>,
    session: &Session,
    pending: PendingTokens,
    is_outage: bool,
) -> RefreshOutcome {
    let now = unix_seconds(sessions.fief.now());
    let age = now.saturating_sub(pending_received_at(&pending));
    if !is_outage && age >= UNFINISHED_LIFETIME {
        limited!(
            error,
            &sessions.fief,
            "the new tokens of a session could not be verified for 10 minutes"
        );
        sessions.refreshes.finish(session);
        return RefreshOutcome::Rejected;
    }
    limited!(
        warn,
        &sessions.fief,
        "the new tokens of a session cannot be verified yet: they are kept"
    );
    if sessions.store.is_none() {
        return RefreshOutcome::Failed;
    }
    match pending_to_json(&pending) {
        // They are kept there already.
        Ok(_) if session.pending().is_some() => {
            sessions.refreshes.finish(session);
            RefreshOutcome::Failed
        }
        Ok(pending) => {
            let newer = Arc::new(session.with_pending(pending));
            save(sessions, session, newer, true).await
        }
        Err(error) => classify(sessions, session, &error).await,
    }
}

/// Stores the new tokens, before they are used.
async fn save(
    sessions: &Arc<Sessions>,
    session: &Session,
    newer: Arc<Session>,
    is_first: bool,
) -> RefreshOutcome {
    let now = unix_seconds(sessions.fief.now());
    if sessions.store.is_some() {
        let unsaved = Unfinished::Unsaved(Arc::clone(&newer));
        sessions.refreshes.keep(session, unsaved, now);
    }
    let saved = match (&sessions.store, &newer.ticket) {
        (Some(store), Some(ticket)) => {
            // Other machines may verify the same tokens, or this is another attempt.
            let is_first = session.pending().is_none() && is_first;
            store.save_refreshed(&newer, ticket, is_first).await
        }
        (Some(_) | None, _) => Ok(true),
    };
    let outcome = match saved {
        Ok(true) if !sessions.revoked.contains(&newer) => RefreshOutcome::Refreshed(newer),
        Ok(true | false) => RefreshOutcome::Ended,
        Err(error) => {
            limited!(error, &sessions.fief,
                error = %Chain(&error),
                "failed to save a refreshed session: trying again in the background"
            );
            return RefreshOutcome::Failed;
        }
    };
    // In this order: the refresh token must be known to be used.
    sessions.refreshes.insert(session, outcome.clone(), now);
    sessions.refreshes.finish(session);
    if let RefreshOutcome::Refreshed(newer) = &outcome {
        sessions.held.update(newer);
    }
    outcome
}

/// How often, and after how long each time, an unfinished refresh is tried
/// again: for 10 minutes, and after the pause for which its failure is served.
const MAX_RETRIES: u32 = 100;
const RETRY_INTERVAL: Duration = Duration::from_secs(6);
/// How long tokens are verified before they are stored unverified.
const VERIFY_TIMEOUT: Duration = Duration::from_millis(500);
