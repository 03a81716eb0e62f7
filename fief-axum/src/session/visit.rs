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

/// What a request's cookies say about a session.
pub(crate) enum Visit {
    /// Nothing, or nothing of ours.
    Absent,
    /// There is one.
    Live(Session),
    /// There was one.
    Over,
}

/// Reads the session out of a request's cookies, or finds the one that they name.
pub(crate) async fn read(
    auth: &FiefAuth,
    site: &Site,
    headers: &HeaderMap,
    now: u64,
) -> Result<Visit, Error> {
    let Some(sealed) = cookie::read(site, headers) else {
        return Ok(Visit::Absent);
    };
    let session = match &site.store {
        None => site.keys.open(Purpose::Session, &sealed),
        Some(store) => {
            let Some(ticket) = site.keys.open(Purpose::Ticket, &sealed) else {
                return Ok(Visit::Absent);
            };
            if !store::is_live(site, &ticket, now) {
                return Ok(Visit::Over);
            }
            let issuer = auth.fief().issuer().await?;
            match store.load(site, issuer, &ticket).await? {
                Some(session) => Some(session),
                None => return Ok(Visit::Over),
            }
        }
    };
    Ok(match session {
        None => Visit::Absent,
        Some(session) if session.is_live(site, now) && !site.ended.has(&session) => {
            Visit::Live(session)
        }
        Some(_) => Visit::Over,
    })
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
    let sealed = cookie::read(site, headers)?;
    let Some(store) = &site.store else {
        let session: Session = site.keys.open(Purpose::Session, &sealed)?;
        return Some((session.id, Some(session.user)));
    };
    let ticket: Ticket = site.keys.open(Purpose::Ticket, &sealed)?;
    Some((ticket.id, store.user(site, ticket.id).await))
}
