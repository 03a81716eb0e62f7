//! Refreshes the tokens of sessions.
//!
//! Fief invalidates a refresh token when it is used, so each is used once, and
//! the new one is stored before the new access token is used.

use std::sync::Arc;

use fief_client::{
    FiefError, FiefTokenResponse, FiefUserInfo, Requirements,
    internal::{Chain, ErrorClass, unix_seconds},
};

use super::{data::Session, refreshes::RefreshOutcome, revoke::revoke_or_log, sessions::Sessions};
use crate::metrics;

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
            let outcome = refresh(&sessions, &session).await;
            metrics::refresh(outcome.label());
            let now = unix_seconds(sessions.fief.now());
            sessions.refreshes.insert(&session, outcome.clone(), now);
            outcome
        }
    };
    sessions.refreshes.join(session, now, work).await
}

/// Sends the refresh token to Fief.
async fn refresh(sessions: &Arc<Sessions>, session: &Session) -> RefreshOutcome {
    let Some(refresh_token) = session.refresh_token() else {
        return RefreshOutcome::Refused;
    };
    let fief = &sessions.fief;
    if let Some(store) = &sessions.store {
        let process = sessions.revoked.process();
        store
            .begin_refresh(session.id, process, unix_seconds(fief.now()))
            .await;
    }
    let params = session.refresh_params();
    match fief.auth_refresh_token(refresh_token, &params).await {
        Ok((tokens, user)) => store_tokens(sessions, session, tokens, user).await,
        Err(error) => classify(sessions, session, &error).await,
    }
}

/// Stores the new tokens, before they are used.
async fn store_tokens(
    sessions: &Sessions,
    session: &Session,
    tokens: FiefTokenResponse,
    user: FiefUserInfo,
) -> RefreshOutcome {
    let fief = &sessions.fief;
    // `auth_refresh_token` has validated it, so this is a cache lookup.
    let valid = fief
        .validate_access_token(tokens.access_token(), &Requirements::new())
        .await;
    let Ok(info) = valid else {
        return RefreshOutcome::Refused;
    };
    let session = session.refreshed(&tokens, &info, unix_seconds(fief.now()));
    let is_kept = match (&sessions.store, &session.ticket) {
        (Some(store), Some(ticket)) => store.save_refreshed(&session, ticket).await,
        (Some(_) | None, _) => true,
    };
    if !is_kept || sessions.revoked.contains(&session) {
        return RefreshOutcome::Ended;
    }
    sessions.users.update(fief, &user).await;
    RefreshOutcome::Refreshed(Arc::new(session))
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
            let now = unix_seconds(sessions.fief.now());
            let newer = match (&sessions.store, &session.ticket) {
                (Some(store), Some(ticket)) => {
                    let process = sessions.revoked.process();
                    store.wait_for_newer(session, ticket, process, now).await
                }
                (Some(_) | None, _) => None,
            };
            newer.map_or_else(
                || {
                    tracing::debug!("the refresh token of a session is no longer valid");
                    RefreshOutcome::Refused
                },
                |newer| RefreshOutcome::Refreshed(Arc::new(newer)),
            )
        }
        ErrorClass::IdToken | ErrorClass::Invalid => {
            tracing::error!(error = %Chain(error), "the tokens of a refresh are invalid");
            RefreshOutcome::Refused
        }
        ErrorClass::Authorization(_)
        | ErrorClass::Callback
        | ErrorClass::Configuration
        | ErrorClass::Expired
        | ErrorClass::Response
        | ErrorClass::Status(..)
        | ErrorClass::Transport
        | ErrorClass::Unmet(_) => {
            tracing::warn!(error = %Chain(error), "failed to refresh a session");
            RefreshOutcome::Failed
        }
    }
}
