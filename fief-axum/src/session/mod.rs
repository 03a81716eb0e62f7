//! The session: what a browser carries from its login on.

mod cookie;
mod key;
mod seal;

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use tower_cookies::Cookie;

use crate::{Error, site::Site};

pub use self::key::SessionKey;
pub(crate) use self::{
    cookie::{Jar, clear, named},
    seal::{Keys, Purpose},
};

/// What is sealed into the cookies.
#[derive(Deserialize, Serialize)]
pub(crate) struct Session {
    access_token: String,
    /// Seconds of Unix time: when the user logged in, and last came by.
    created_at: u64,
    seen_at: u64,
}

impl Session {
    pub(crate) fn new(access_token: &str, now: u64) -> Self {
        Self {
            access_token: access_token.to_owned(),
            created_at: now,
            seen_at: now,
        }
    }

    pub(crate) fn access_token(&self) -> &str {
        &self.access_token
    }

    /// Notes that the user came by. Returns whether that is worth a cookie.
    pub(crate) fn touch(&mut self, now: u64) -> bool {
        let worth = now.saturating_sub(self.seen_at) >= RENEW_AFTER;
        if worth {
            self.seen_at = now;
        }
        worth
    }

    /// A clock that went back ends it, since nobody knows how old it is.
    fn is_live(&self, site: &Site, now: u64) -> bool {
        let within = |since: u64, limit: u64| {
            now.saturating_add(SKEW)
                .checked_sub(since)
                .is_some_and(|age| age < limit.saturating_add(SKEW))
        };
        within(self.created_at, site.absolute) && within(self.seen_at, site.idle)
    }
}

/// Reads the session out of a request's cookies. Whatever is not one of ours, or over, is absent.
pub(crate) fn read(site: &Site, headers: &HeaderMap, now: u64) -> Option<Session> {
    let sealed = cookie::read(site, headers)?;
    let opened = site.keys.open(Purpose::Session, &sealed)?;
    let session: Session = serde_json::from_slice(&opened).ok()?;
    session.is_live(site, now).then_some(session)
}

/// Writes the session into cookies, clearing what an older one left in this browser.
pub(crate) fn write(
    site: &Site,
    session: &Session,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let json =
        serde_json::to_vec(session).map_err(|error| Error::Configuration(error.to_string()))?;
    let sealed = site.keys.seal(Purpose::Session, json)?;
    cookie::write(site, &sealed, headers)
}

/// Seconds of Unix time. A clock before 1970 reads as the end of time, when every session is over.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(u64::MAX, |since| since.as_secs())
}

/// Seconds after which a request renews the cookie, and by which machines' clocks may differ.
const RENEW_AFTER: u64 = 60;
const SKEW: u64 = 60;
