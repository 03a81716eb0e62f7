//! Between the session and the cookies of a request.

use axum::http::HeaderMap;
use fief_client::{FiefAccessTokenInfo, FiefTokenResponse};
use tower_cookies::Cookie;
use uuid::Uuid;

use crate::{
    Error, FiefAuth,
    session::{
        Purpose, Session, cookie, seconds,
        store::{self, Ticket},
    },
    site::Site,
};

/// What has become of the session of a request's cookies.
pub(crate) enum Visit {
    /// There is one.
    Live(Session),
    /// There was one.
    Over,
}

/// What the session cookies of a request hold: they are ours, whatever has become of the session.
pub(crate) enum Opened {
    Session(Session),
    Ticket(Ticket),
}

impl Opened {
    /// Opens the cookies. Nothing is waited for.
    pub(crate) fn of(site: &Site, headers: &HeaderMap) -> Option<Self> {
        let sealed = cookie::read(site, headers)?;
        if site.store.is_some() {
            site.keys.open(Purpose::Ticket, &sealed).map(Self::Ticket)
        } else {
            site.keys.open(Purpose::Session, &sealed).map(Self::Session)
        }
    }
}

/// Reads the session out of a request's cookies, or finds the one that they name.
pub(crate) async fn read(
    auth: &FiefAuth,
    site: &Site,
    opened: Opened,
    now: u64,
) -> Result<Visit, Error> {
    let session = match (opened, &site.store) {
        (Opened::Session(session), _) => session,
        (Opened::Ticket(ticket), Some(store)) if store::is_live(site, &ticket, now) => {
            let issuer = auth.fief().issuer().await?;
            match store.load(site, issuer, &ticket).await? {
                Some(session) => session,
                None => return Ok(Visit::Over),
            }
        }
        (Opened::Ticket(_), Some(_) | None) => return Ok(Visit::Over),
    };
    if session.is_live(site, now) && !site.ended.has(&session) {
        Ok(Visit::Live(session))
    } else {
        Ok(Visit::Over)
    }
}

/// Writes the session's cookies, clearing what an older one left in this browser.
pub(crate) fn write(
    site: &Site,
    session: &Session,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let sealed = if site.store.is_some() {
        let ticket = Ticket {
            id: session.id,
            seen_at: session.seen_at,
        };
        site.keys.seal(Purpose::Ticket, &ticket)?
    } else {
        site.keys.seal(Purpose::Session, session)?
    };
    cookie::write(site, &sealed, headers)
}

/// Begins a session for who logged in, and ends the one that this browser had.
pub(crate) async fn begin(
    auth: &FiefAuth,
    site: &Site,
    tokens: &FiefTokenResponse,
    info: &FiefAccessTokenInfo,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let session = Session::begin(site, tokens, info, seconds(auth.fief().now()))?;
    let cookies = write(site, &session, headers)?;
    if let Some(store) = &site.store {
        store.create(site, &session).await?;
    }
    if let Some((id, user)) = owner(site, headers).await {
        end_or_log(auth, site, id, user).await;
    }
    Ok(cookies)
}

/// Ends the session that a browser leaves, and takes it from it.
pub(crate) async fn leave(
    auth: &FiefAuth,
    site: &Site,
    headers: &HeaderMap,
) -> Vec<Cookie<'static>> {
    if let Some((id, user)) = owner(site, headers).await {
        end_or_log(auth, site, id, user).await;
    }
    cookie::clear(site, headers)
}

/// Ends a session, here and in the store.
pub(crate) async fn end(
    auth: &FiefAuth,
    site: &Site,
    id: Uuid,
    user: Option<Uuid>,
) -> Result<(), Error> {
    let now = seconds(auth.fief().now());
    site.ended.session(id, site.absolute, now);
    if let Some(user) = user {
        auth.forget_user(user).await;
    }
    match &site.store {
        Some(store) => store.end(site, id, now).await,
        None => Ok(()),
    }
}

/// Ends a session whose browser has to go on all the same.
pub(super) async fn end_or_log(auth: &FiefAuth, site: &Site, id: Uuid, user: Option<Uuid>) {
    if let Err(error) = end(auth, site, id, user).await {
        tracing::error!(%error, "a session cannot be deleted from its store");
    }
}

/// Whose session this browser has, live or not, where that is known.
async fn owner(site: &Site, headers: &HeaderMap) -> Option<(Uuid, Option<Uuid>)> {
    match Opened::of(site, headers)? {
        Opened::Session(session) => Some((session.id, Some(session.user))),
        Opened::Ticket(ticket) => {
            let user = match &site.store {
                Some(store) => store.user(site, ticket.id).await,
                None => None,
            };
            Some((ticket.id, user))
        }
    }
}
