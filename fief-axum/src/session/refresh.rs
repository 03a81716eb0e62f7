//! Trades refresh tokens for new tokens, once each.

use std::sync::Arc;

use fief_client::{ErrorClass, FiefError, FiefTokenResponse, FiefUserInfo, Requirements};

use super::{
    data::{Session, seconds},
    refreshes::RefreshOutcome,
    revoke::revoke_or_log,
    sessions::Sessions,
};
use crate::metrics;

/// Joins the refresh of this session that is under way, or was a moment ago, or starts it.
///
/// It is spawned: whoever goes away takes nothing from the others, nor the tokens that Fief has already changed.
pub(super) async fn join(
    sessions: &Arc<Sessions>,
    session: &Arc<Session>,
    now: u64,
) -> RefreshOutcome {
    let work = || {
        let (sessions, session) = (Arc::clone(sessions), Arc::clone(session));
        async move {
            let outcome = refresh(&sessions, &session).await;
            metrics::refresh(outcome.name());
            let now = seconds(sessions.fief.now());
            sessions.refreshes.insert(&session, outcome.clone(), now);
            outcome
        }
    };
    sessions.refreshes.join(session, now, work).await
}

async fn refresh(sessions: &Sessions, session: &Session) -> RefreshOutcome {
    let Some(refresh_token) = session.refresh_token() else {
        return RefreshOutcome::Refused;
    };
    let fief = &sessions.fief;
    let params = session.refresh_params();
    match fief.auth_refresh_token(refresh_token, &params).await {
        Ok((tokens, user)) => store_tokens(sessions, session, tokens, user).await,
        Err(error) => classify(sessions, session, &error).await,
    }
}

/// Keeps the new tokens before anyone uses them.
async fn store_tokens(
    sessions: &Sessions,
    session: &Session,
    tokens: FiefTokenResponse,
    user: FiefUserInfo,
) -> RefreshOutcome {
    let fief = &sessions.fief;
    // They were validated a moment ago; this looks the claims up.
    let valid = fief
        .validate_access_token(tokens.access_token(), &Requirements::new())
        .await;
    let Ok(info) = valid else {
        return RefreshOutcome::Refused;
    };
    let session = session.refreshed(&tokens, &info, seconds(fief.now()));
    let is_kept = match &sessions.store {
        Some(store) => store.save_refreshed(&session).await,
        None => true,
    };
    if !is_kept || sessions.revoked.contains(&session) {
        return RefreshOutcome::Ended;
    }
    sessions.users.update(fief, &user).await;
    RefreshOutcome::Refreshed(Arc::new(session))
}

async fn classify(sessions: &Sessions, session: &Session, error: &FiefError) -> RefreshOutcome {
    match error.clone().into_class() {
        ErrorClass::Inactive => {
            tracing::debug!("a session ends, since its user is not active any more");
            revoke_or_log(sessions, session.id, Some(session.user)).await;
            RefreshOutcome::Ended
        }
        ErrorClass::Status(_, detail) if detail.code().as_deref() == Some("invalid_grant") => {
            // Another machine may have been faster.
            let newer = match &sessions.store {
                Some(store) => store.wait_for_newer(session).await,
                None => None,
            };
            newer.map_or_else(
                || {
                    tracing::debug!("a refresh token is not good any more");
                    RefreshOutcome::Refused
                },
                |newer| RefreshOutcome::Refreshed(Arc::new(newer)),
            )
        }
        ErrorClass::IdToken | ErrorClass::Invalid => {
            tracing::error!(%error, "the tokens of a refresh were refused");
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
            tracing::warn!(%error, "a session could not be refreshed");
            RefreshOutcome::Failed
        }
    }
}
