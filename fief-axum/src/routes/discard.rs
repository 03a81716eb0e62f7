//! What becomes of a browser's other logins when it logs out or in.

use std::time::Duration;

use axum::http::HeaderMap;
use fief_client::internal::Chain;
use tokio::time::timeout;
use tower_cookies::Cookie;
use uuid::Uuid;

use super::{attempt::Attempt, callback_query::attempt_id, config::LoginConfig, exchange_store};
use crate::{cookie::Jar, log::limited, session};

/// Discards all logins of a browser that logs out, also those whose response is still
/// on its way.
pub(super) async fn discard_all(site: &LoginConfig, headers: &HeaderMap) {
    let attempts = Attempt::all(&site.sessions.cookies, Jar::new(headers));
    let ids = attempts.iter().map(|it| attempt_id(it.login.state()));
    let sessions = ids.filter_map(|id| site.exchanges.discard(id)).collect();
    tokio::join!(
        session::revoke_all(&site.sessions, sessions),
        discard_kept(site, headers, None),
    );
}

/// Discards the kept logins of a browser that has finished the login with this
/// state, and returns the cookies that remove their attempts. Those that were
/// only begun go on, and those that are completed at the moment, in other tabs.
pub(super) async fn discard_kept(
    site: &LoginConfig,
    headers: &HeaderMap,
    finished: Option<&str>,
) -> Vec<Cookie<'static>> {
    let config = &site.sessions.cookies;
    let mut attempts = Attempt::all(config, Jar::new(headers));
    if let Some(finished) = finished {
        attempts.retain(|attempt| {
            let state = attempt.login.state();
            state != finished && !site.exchanges.is_in_flight(attempt_id(state))
        });
    }
    // First what needs no store.
    let mut kept: Vec<_> = attempts
        .into_iter()
        .map(|attempt| {
            let id = attempt_id(attempt.login.state());
            let is_kept = site.exchanges.is_kept(id);
            if is_kept {
                site.exchanges.discard_kept(id);
            }
            (attempt, id, is_kept)
        })
        .collect();
    let stored = discard_stored(site, &mut kept, finished.is_none());
    if timeout(DISCARD_TIMEOUT, stored).await.is_err() {
        limited!(
            warn,
            &site.sessions.fief,
            "failed to discard logins: the session store is too slow"
        );
    }
    kept.iter()
        .filter(|(_, _, is_kept)| *is_kept)
        .filter_map(|(attempt, _, _)| {
            Attempt::clear(config, Jar::new(headers), attempt.login.state())
        })
        .collect()
}

/// Discards what the store has of these attempts, and marks those that it kept. A
/// store that fails is not waited for again.
async fn discard_stored(
    site: &LoginConfig,
    attempts: &mut [(Attempt, Uuid, bool)],
    is_logout: bool,
) {
    for (_, id, is_kept) in attempts {
        match exchange_store::discard(&site.sessions, *id, is_logout).await {
            Ok(was_stored) => *is_kept |= was_stored,
            Err(error) => {
                limited!(warn, &site.sessions.fief, error = %Chain(&error), "failed to discard a login");
                return;
            }
        }
    }
}

/// How long the store may take for all logins of a browser, which waits for the
/// response.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);
