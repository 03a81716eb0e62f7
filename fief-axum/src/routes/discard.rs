//! What becomes of a browser's other logins when it logs out or in.

use axum::http::HeaderMap;
use fief_client::internal::Chain;
use tower_cookies::Cookie;

use super::{attempt::Attempt, callback_query::attempt_id, config::LoginConfig, exchange_store};
use crate::cookie::Jar;

/// Discards what is kept of all logins of a browser that logs out.
pub(super) async fn discard_all(site: &LoginConfig, headers: &HeaderMap) {
    for attempt in Attempt::all(&site.sessions.cookies, Jar::new(headers)) {
        site.exchanges.discard(attempt_id(attempt.login.state()));
    }
    discard_kept(site, headers, None).await;
}

/// Discards the kept logins of a browser that has finished the login with this
/// state, and returns the cookies that remove their attempts. Those that were
/// only begun go on.
pub(super) async fn discard_kept(
    site: &LoginConfig,
    headers: &HeaderMap,
    finished: Option<&str>,
) -> Vec<Cookie<'static>> {
    let config = &site.sessions.cookies;
    let mut cookies = Vec::new();
    let mut store_failed = false;
    for attempt in Attempt::all(config, Jar::new(headers)) {
        let state = attempt.login.state();
        if Some(state) == finished {
            continue;
        }
        let id = attempt_id(state);
        let mut was_kept = site.exchanges.is_kept(id);
        if was_kept {
            site.exchanges.discard(id);
        }
        // A store that fails is not waited for again.
        if !store_failed {
            match exchange_store::discard(&site.sessions, id).await {
                Ok(was_stored) => was_kept |= was_stored,
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "failed to discard a login");
                    store_failed = true;
                }
            }
        }
        if was_kept {
            cookies.push(Attempt::clear(config, state));
        }
    }
    cookies
}
