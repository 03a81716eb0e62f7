//! Refreshes the tokens of sessions.
//!
//! Fief invalidates a refresh token when it is used, so each is used once, and
//! the new one is stored before the new access token is used.

use std::{pin::Pin, sync::Arc, time::Duration};

use fief_client::{
    FiefError, FiefUserInfo, PendingTokens,
    internal::{Chain, ErrorClass, pending_from_json, pending_to_json, unix_seconds},
};
use tokio::time::sleep;

use super::{
    data::Session,
    lease::Newer,
    refreshes::{RefreshOutcome, Unfinished},
    revoke::revoke_or_log,
    sessions::Sessions,
    wait::record_refresh,
};
use crate::{RejectionKind, metrics};

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
            let outcome = refresh(&sessions, &session).await;
            metrics::refresh(outcome.label());
            let now = unix_seconds(sessions.fief.now());
            refreshes.insert(&session, outcome.clone(), now);
            record_refresh(&sessions.waiters, session.id, &outcome);
            if !was_unfinished && refreshes.unfinished(&session, now).is_some() {
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
async fn refresh(sessions: &Arc<Sessions>, session: &Session) -> RefreshOutcome {
    let now = unix_seconds(sessions.fief.now());
    let pending = match (
        sessions.refreshes.unfinished(session, now),
        session.pending(),
    ) {
        (Some(Unfinished::Unsaved(newer)), _) => return save(sessions, session, newer).await,
        (Some(Unfinished::Unverified(pending)), _) => Ok(pending),
        (None, Some(pending)) => pending_from_json(&sessions.fief, pending),
        (None, None) if session.refresh_token().is_none() => return RefreshOutcome::Rejected,
        (None, None) if sessions.refreshes.has_room(now) => request(sessions, session).await,
        (None, None) => {
            tracing::error!("too many refreshes are unfinished: no other is started");
            return RefreshOutcome::Failed;
        }
    };
    let pending = match pending {
        Ok(pending) => pending,
        Err(error) => return classify(sessions, session, &error).await,
    };
    match verify(sessions, session, &pending).await {
        Ok((newer, user)) => {
            let outcome = save(sessions, session, newer).await;
            if let RefreshOutcome::Refreshed(_) = &outcome {
                sessions.users.update(&sessions.fief, &user).await;
            }
            outcome
        }
        Err(NotVerified::Yet) => keep(sessions, session, pending).await,
        Err(NotVerified::Invalid(error)) => {
            sessions.refreshes.finish(session);
            classify(sessions, session, &error).await
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
    /// Fief's keys cannot be fetched.
    Yet,
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
        Err(FiefError::TokensPending { .. }) => return Err(NotVerified::Yet),
        Err(error) => return Err(NotVerified::Invalid(error)),
    };
    // It is verified, so this is a cache lookup, or the keys are known.
    let validated = fief.validate_session_token(tokens.access_token()).await;
    let info = validated.map_err(|error| {
        if RejectionKind::from(error.clone()).is_unauthenticated() {
            NotVerified::Invalid(error)
        } else {
            NotVerified::Yet
        }
    })?;
    let newer = session.refreshed(&tokens, &info, unix_seconds(fief.now()));
    Ok((Arc::new(newer), user))
}

/// Keeps tokens that cannot be verified yet: in the store, so that any machine
/// can go on, else in this process.
async fn keep(
    sessions: &Arc<Sessions>,
    session: &Session,
    pending: PendingTokens,
) -> RefreshOutcome {
    tracing::warn!("the new tokens of a session cannot be verified yet: they are kept");
    if sessions.store.is_none() {
        let now = unix_seconds(sessions.fief.now());
        let unverified = Unfinished::Unverified(pending);
        sessions.refreshes.keep(session, unverified, now);
        return RefreshOutcome::Failed;
    }
    match pending_to_json(&pending) {
        // It is kept there already.
        Ok(_) if session.pending().is_some() => RefreshOutcome::Failed,
        Ok(pending) => save(sessions, session, Arc::new(session.with_pending(pending))).await,
        Err(error) => classify(sessions, session, &error).await,
    }
}

/// Stores the new tokens, before they are used.
async fn save(sessions: &Arc<Sessions>, session: &Session, newer: Arc<Session>) -> RefreshOutcome {
    let saved = match (&sessions.store, &newer.ticket) {
        (Some(store), Some(ticket)) => {
            // Other machines may verify the same tokens.
            let is_first = session.pending().is_none();
            store.save_refreshed(&newer, ticket, is_first).await
        }
        (Some(_) | None, _) => Ok(true),
    };
    let outcome = match saved {
        Ok(true) if !sessions.revoked.contains(&newer) => RefreshOutcome::Refreshed(newer),
        Ok(true | false) => RefreshOutcome::Ended,
        Err(error) => {
            tracing::error!(
                error = %Chain(&error),
                "failed to save a refreshed session: trying again in the background"
            );
            let now = unix_seconds(sessions.fief.now());
            let unsaved = Unfinished::Unsaved(newer);
            sessions.refreshes.keep(session, unsaved, now);
            return RefreshOutcome::Failed;
        }
    };
    sessions.refreshes.finish(session);
    outcome
}

/// Returns what a failed refresh means for the session.
///
/// Only `invalid_grant` says that the refresh token is unusable. Other failures
/// may be temporary.
async fn classify(
    sessions: &Arc<Sessions>,
    session: &Session,
    error: &FiefError,
) -> RefreshOutcome {
    match error.clone().into_class() {
        ErrorClass::Inactive => {
            tracing::debug!("session ended: its user is inactive");
            revoke_or_log(sessions, session.id, session.user).await;
            RefreshOutcome::Ended
        }
        ErrorClass::Status(_, detail) if detail.code() == Some("invalid_grant") => {
            // Another machine may have used it first.
            let newer = match (&sessions.store, &session.ticket) {
                (Some(store), Some(ticket)) => {
                    let process = sessions.revoked.process();
                    store.wait_for_newer(session, ticket, process).await
                }
                (Some(_) | None, _) => Newer::None,
            };
            match newer {
                Newer::Ended => RefreshOutcome::Ended,
                Newer::None => {
                    tracing::debug!("the refresh token of a session is no longer valid");
                    RefreshOutcome::Rejected
                }
                Newer::Session(newer) => RefreshOutcome::Refreshed(Arc::new(newer)),
            }
        }
        ErrorClass::Expired | ErrorClass::IdToken | ErrorClass::Invalid => {
            tracing::error!(error = %Chain(error), "the tokens of a refresh are invalid");
            RefreshOutcome::Rejected
        }
        ErrorClass::Authorization(_)
        | ErrorClass::Callback
        | ErrorClass::Configuration
        | ErrorClass::Response
        | ErrorClass::Status(..)
        | ErrorClass::TokensPending
        | ErrorClass::Transport
        | ErrorClass::Unmet(_) => {
            tracing::warn!(error = %Chain(error), "failed to refresh a session");
            RefreshOutcome::Failed
        }
    }
}

/// How often, and after how long each time, an unfinished refresh is tried
/// again: for 10 minutes, and after the pause for which its failure is served.
const MAX_RETRIES: u32 = 100;
const RETRY_INTERVAL: Duration = Duration::from_secs(6);
