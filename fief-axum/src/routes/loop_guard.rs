use std::time::Duration;

use serde::{Deserialize, Serialize};
use tower_cookies::Cookie;

use crate::{
    Error,
    cookie::{CookieConfig, Jar, Purpose},
};

/// Counter of the recent logins of a browser that had no effect, in a sealed
/// cookie.
///
/// It stops redirect loops. If a page redirects to the login route although
/// the user is logged in (because of a custom rejection, for example), Fief
/// returns to that page at once without showing its login page, and so on. The
/// same happens if a page starts silent logins, which fail.
///
/// A response to a request that accepted the session removes it, as a logout does.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct LoginCounter {
    /// The time of the first login, in seconds of Unix time.
    since: u64,
    count: u32,
    /// Whether one of them was silent and failed.
    #[serde(default, rename = "silent")]
    has_silent_failure: bool,
}

/// What the login route does with another login.
pub(super) enum Verdict {
    /// It begins the login.
    Begin,
    /// It returns to the page without a login, which was to be a silent one.
    GoBack,
    /// It shows a page: the browser may log in again after this time.
    Stop(Duration),
}

impl LoginCounter {
    /// Reads the counter, or starts a new one if there is none or its time is
    /// up.
    pub(crate) fn read(config: &CookieConfig, jar: Jar<'_>, now: u64) -> Self {
        jar.get(config.counter_name())
            .and_then(|sealed| config.keys.open(Purpose::LoginCounter, sealed))
            .filter(|read: &Self| now.abs_diff(read.since) < WINDOW)
            .unwrap_or(Self {
                since: now,
                count: 0,
                has_silent_failure: false,
            })
    }

    /// Removes the counter, if the browser sent it.
    pub(super) fn clear(config: &CookieConfig, jar: Jar<'_>) -> Option<Cookie<'static>> {
        let name = config.counter_name();
        jar.has(name).then(|| config.removal(name.to_owned()))
    }

    /// Returns whether a silent login has failed, and nothing since has accepted a
    /// session.
    pub(crate) fn has_silent_failure(&self) -> bool {
        self.has_silent_failure
    }

    /// Returns what to do with another login.
    pub(super) fn verdict(&self, is_silent: bool, now: u64) -> Verdict {
        if self.count < MAX_LOGINS {
            Verdict::Begin
        } else if is_silent && self.count == MAX_LOGINS {
            Verdict::GoBack
        } else {
            let end = self.since.saturating_add(WINDOW);
            Verdict::Stop(Duration::from_secs(end.saturating_sub(now).max(1)))
        }
    }

    /// Returns the cookie of a counter that is one higher, after a login that
    /// succeeded.
    pub(super) fn next(self, config: &CookieConfig) -> Result<Cookie<'static>, Error> {
        let count = self.count.saturating_add(1);
        let next = Self { count, ..self };
        let sealed = config.keys.seal(Purpose::LoginCounter, &next)?;
        Ok(config.cookie(config.counter_name().to_owned(), sealed, WINDOW))
    }

    /// Returns the cookie of a counter that is one higher, after a silent login that
    /// failed.
    pub(super) fn next_silent(self, config: &CookieConfig) -> Result<Cookie<'static>, Error> {
        let failed = Self {
            has_silent_failure: true,
            ..self
        };
        failed.next(config)
    }
}

const MAX_LOGINS: u32 = 5;
/// In seconds.
const WINDOW: u64 = 60;
