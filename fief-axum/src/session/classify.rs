use std::sync::Arc;

use fief_client::{
    FiefError,
    internal::{Chain, ErrorClass},
};

use super::{
    data::Session, lease::Newer, refreshes::RefreshOutcome, revoke::revoke_or_log,
    sessions::Sessions,
};
use crate::log::limited;

/// Returns what a failed refresh means for the session.
///
/// Only `invalid_grant` says that the refresh token is unusable. Other failures
/// may be temporary.
pub(super) async fn classify(
    sessions: &Arc<Sessions>,
    session: &Session,
    error: &FiefError,
) -> RefreshOutcome {
    match error.clone().into_class() {
        ErrorClass::Inactive => {
            tracing::debug!("session ended: its user is inactive");
            revoke_or_log(sessions, session.id, Some(session.user)).await;
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
            limited!(error, &sessions.fief, error = %Chain(error), "the tokens of a refresh are invalid");
            RefreshOutcome::Rejected
        }
        ErrorClass::Authorization(_)
        | ErrorClass::Callback
        | ErrorClass::Configuration
        | ErrorClass::Response
        | ErrorClass::Status(..)
        | ErrorClass::TokensPending
        | ErrorClass::Transport
        | ErrorClass::Unmet(_)
        | ErrorClass::Webhook => {
            limited!(warn, &sessions.fief, error = %Chain(error), "failed to refresh a session");
            RefreshOutcome::Failed
        }
    }
}
