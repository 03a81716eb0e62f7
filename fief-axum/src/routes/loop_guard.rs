use serde::{Deserialize, Serialize};
use tower_cookies::Cookie;

use crate::{
    Error,
    cookie::{CookieConfig, Jar, Purpose},
};

/// Counter of the recent logins of a browser, in a sealed cookie.
///
/// It stops redirect loops. If a page redirects to the login route although
/// the user is logged in (because of a custom rejection, for example), Fief
/// returns to that page at once without showing its login page, and so on.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct LoginCounter {
    /// The time of the first login, in seconds of Unix time.
    since: u64,
    count: u32,
}

impl LoginCounter {
    /// Reads the counter, or starts a new one if there is none or its time is
    /// up.
    pub(super) fn read(config: &CookieConfig, jar: Jar<'_>, now: u64) -> Self {
        jar.get(&config.name(NAME))
            .and_then(|sealed| config.keys.open(Purpose::LoginCounter, sealed))
            .filter(|read: &Self| now.abs_diff(read.since) < WINDOW)
            .unwrap_or(Self {
                since: now,
                count: 0,
            })
    }

    /// Removes the counter, if the browser sent it.
    pub(super) fn clear(config: &CookieConfig, jar: Jar<'_>) -> Option<Cookie<'static>> {
        let name = config.name(NAME);
        jar.has(&name).then(|| config.removal(name))
    }

    /// Returns whether the browser logged in too often.
    pub(super) fn is_redirect_loop(&self) -> bool {
        self.count >= MAX_LOGINS
    }

    /// Returns the cookie of a counter that is one higher.
    pub(super) fn next(&self, config: &CookieConfig) -> Result<Cookie<'static>, Error> {
        let next = Self {
            since: self.since,
            count: self.count.saturating_add(1),
        };
        let sealed = config.keys.seal(Purpose::LoginCounter, &next)?;
        Ok(config.cookie(config.name(NAME), sealed, WINDOW))
    }
}

const NAME: &str = "logins";
const MAX_LOGINS: u32 = 5;
/// In seconds.
const WINDOW: u64 = 60;
