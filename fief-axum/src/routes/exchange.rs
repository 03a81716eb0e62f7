//! The exchange of a code for a session: one for each attempt.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use fief_client::{
    AuthorizationResponse, LoginAttempt, PendingTokens,
    internal::{Chain, TokenRequestError, unix_seconds},
};
use uuid::Uuid;

use super::{
    callback_query::ExchangeKey,
    completion::{self, not_yet},
    config::LoginConfig,
    exchange_store::{Found, FoundSession, StoredAttempt},
    exchanges::{Begun, Exchanges},
    login_hook::{CallbackRequest, OnLogin},
    outcome::{Ended, Outcome},
};
use crate::{
    flight::{FlightError, Joined},
    log::limited,
    session::{self, Sessions},
};

/// A callback whose code is to be exchanged.
pub(super) struct Exchange {
    sessions: Arc<Sessions>,
    exchanges: Arc<Exchanges>,
    key: ExchangeKey,
    login: LoginAttempt,
    response: AuthorizationResponse,
    request: CallbackRequest,
    on_login: Option<OnLogin>,
    /// Whether the code may have been sent.
    may_be_sent: AtomicBool,
}

impl Exchange {
    /// Returns the callback with this key.
    pub(super) fn new(
        site: &LoginConfig,
        key: ExchangeKey,
        login: LoginAttempt,
        response: AuthorizationResponse,
        request: CallbackRequest,
    ) -> Self {
        Self {
            sessions: Arc::clone(&site.sessions),
            exchanges: Arc::clone(&site.exchanges),
            key,
            login,
            response,
            request,
            on_login: site.on_login.clone(),
            may_be_sent: AtomicBool::new(false),
        }
    }

    /// Returns the outcome of the callback. Concurrent ones of the same attempt
    /// and code share one task, which survives a browser that disconnects.
    pub(super) async fn run(self) -> Outcome {
        let exchange = Arc::new(self);
        let Self {
            sessions,
            exchanges,
            key,
            login: _,
            response: _,
            request: _,
            on_login: _,
            may_be_sent: _,
        } = &*exchange;
        let now = exchange.now();
        let known = || exchanges.outcome(*key, now);
        let work = || work(Arc::clone(&exchange));
        let (outcome, started_here) = match exchanges.flights.join(*key, known, work).await {
            Ok(Joined {
                result,
                started_here,
            }) => (result, started_here),
            Err(FlightError) => return Outcome::NotYet,
        };
        match outcome {
            Outcome::LoggedIn(login) if !started_here => {
                match session::is_current(sessions, &login.created.session).await {
                    Ok(true) => Outcome::LoggedIn(login),
                    Ok(false) => Outcome::Replayed,
                    Err(error) => not_yet(sessions, &error),
                }
            }
            outcome => outcome,
        }
    }

    /// Exchanges the code, unless another machine did.
    async fn exchange(&self, stored: Option<&StoredAttempt<'_>>) -> Ended {
        let Some(store) = stored else {
            return self.request_tokens().await;
        };
        match store.claim().await {
            Ok(None) => {}
            Ok(Some(found)) => return self.join_elsewhere(store, found).await,
            Err(error) => return Ended::Free(not_yet(&self.sessions, &error)),
        }
        let ended = self.request_tokens().await;
        self.save(store, ended, true).await
    }

    async fn request_tokens(&self) -> Ended {
        self.may_be_sent.store(true, Ordering::Release);
        let fief = &self.sessions.fief;
        let requested = fief.request_login_tokens(&self.login, &self.response).await;
        match requested {
            Ok(pending) => {
                // From here on a lost task loses no tokens.
                let now = self.now();
                self.exchanges.keep(self.key, pending.clone(), now);
                self.complete(&pending).await
            }
            Err(TokenRequestError::NotSent(error)) => Ended::Free(Outcome::NotSent(error)),
            Err(TokenRequestError::Sent(error)) => Ended::Used(Outcome::Rejected(error)),
        }
    }

    /// Completes the login of tokens that were kept, unless another machine did.
    async fn complete_kept(
        &self,
        stored: Option<&StoredAttempt<'_>>,
        pending: &PendingTokens,
    ) -> Ended {
        let Some(store) = stored else {
            return self.complete(pending).await;
        };
        let found = match store.load().await {
            Ok(found) => found,
            Err(error) => {
                not_yet(&self.sessions, &error);
                return Ended::Kept(pending.clone());
            }
        };
        match found {
            Found::Kept(_) => self.complete_stored(store, pending, true).await,
            // It could not be saved.
            Found::Missing | Found::Pending => self.complete_stored(store, pending, false).await,
            Found::Finished(found) => self.restore(found).await,
            Found::OtherCode | Found::Used => Ended::Used(Outcome::Replayed),
        }
    }

    /// Completes the login of tokens that were kept. Of several machines one
    /// creates the session, which the other ones wait for.
    async fn complete_stored(
        &self,
        store: &StoredAttempt<'_>,
        pending: &PendingTokens,
        is_saved: bool,
    ) -> Ended {
        let kept = || Ended::Kept(pending.clone());
        match store.begin_completion().await {
            Ok(true) => {}
            Ok(false) => {
                return match store.wait_for_session().await {
                    Ok(Found::Finished(found)) => self.restore(found).await,
                    Ok(Found::OtherCode | Found::Used) => Ended::Used(Outcome::Replayed),
                    Ok(Found::Kept(_) | Found::Missing | Found::Pending) | Err(_) => kept(),
                };
            }
            Err(error) => {
                not_yet(&self.sessions, &error);
                return kept();
            }
        }
        let mut ended = self.complete(pending).await;
        // Its ten minutes begin once.
        if !(is_saved && matches!(ended, Ended::Kept(_))) {
            ended = self.save(store, ended, false).await;
        }
        store.end_completion(&ended).await;
        ended
    }

    /// Joins the exchange of another machine.
    async fn join_elsewhere(&self, store: &StoredAttempt<'_>, found: Found) -> Ended {
        match found {
            Found::Finished(found) => self.restore(found).await,
            Found::Kept(pending) => match self.complete_stored(store, &pending, true).await {
                // The store keeps the tokens.
                Ended::Kept(_) => Ended::Free(Outcome::NotYet),
                ended @ (Ended::Free(_) | Ended::LoggedIn(..) | Ended::Used(_)) => ended,
            },
            Found::Missing | Found::Pending => Ended::Free(Outcome::NotYet),
            Found::OtherCode => Ended::Free(Outcome::OtherCode),
            Found::Used => Ended::Used(Outcome::Replayed),
        }
    }

    async fn restore(&self, found: FoundSession) -> Ended {
        completion::restore(&self.sessions, found, &self.request.head.headers).await
    }

    async fn complete(&self, pending: &PendingTokens) -> Ended {
        let hook = self.on_login.as_ref();
        completion::complete(&self.sessions, pending, &self.request, hook).await
    }

    /// Revokes the session of a login that was discarded.
    async fn revoke(&self, session: Option<Uuid>) -> Outcome {
        if let Some(id) = session {
            session::revoke_or_log(&self.sessions, id, None).await;
        }
        Outcome::Replayed
    }

    fn now(&self) -> u64 {
        unix_seconds(self.sessions.fief.now())
    }

    /// Saves for other machines how an exchange ended, unless the browser has logged
    /// out at one of them.
    async fn save(&self, store: &StoredAttempt<'_>, ended: Ended, claimed: bool) -> Ended {
        match store.save(&ended, claimed).await {
            Ok(true) => ended,
            Ok(false) => Ended::Used(self.revoke(session_of(&ended)).await),
            Err(error) => {
                limited!(warn, &self.sessions.fief,
                    error = %Chain(&error),
                    "failed to save a login in the session store: other machines do not know of it"
                );
                ended
            }
        }
    }
}

/// Returns the id of the session that a login has created.
fn session_of(ended: &Ended) -> Option<Uuid> {
    match ended {
        Ended::LoggedIn(login, _) => Some(login.created.session.id),
        Ended::Free(_) | Ended::Kept(_) | Ended::Used(_) => None,
    }
}

/// The task that exchanges the code, or completes the login of kept tokens.
async fn work(exchange: Arc<Exchange>) -> Outcome {
    let (exchanges, key) = (&exchange.exchanges, exchange.key);
    let stored = StoredAttempt::new(&exchange.sessions, key);
    let kept = match exchanges.begin(key, exchange.now()) {
        Begun::Done(outcome) => return outcome,
        Begun::Full => {
            limited!(
                warn,
                &exchange.sessions.fief,
                "too many logins are in flight or kept: no code is exchanged"
            );
            return Outcome::NotYet;
        }
        Begun::Kept(pending) => Some(pending),
        Begun::New => None,
    };
    // Of this exchange alone: those above have not begun one.
    let _running = Running(&exchange);
    let ended = match kept {
        Some(pending) => exchange.complete_kept(stored.as_ref(), &pending).await,
        None => exchange.exchange(stored.as_ref()).await,
    };
    let session = session_of(&ended);
    match exchanges.end(key, ended, exchange.now()) {
        Some(outcome) => outcome,
        // The browser has logged out meanwhile.
        None => exchange.revoke(session).await,
    }
}

/// Ends the exchange if its task is lost, because it panicked or its runtime was
/// shut down. Tokens that were received stay kept.
struct Running<'a>(&'a Exchange);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Self(exchange) = self;
        let may_be_sent = exchange.may_be_sent.load(Ordering::Acquire);
        exchange.exchanges.abandon(exchange.key, may_be_sent);
    }
}
