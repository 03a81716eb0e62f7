use serde::{Deserialize, Serialize};
use tower_cookies::Cookie;

use crate::{
    Error,
    cookie::{CookieConfig, Jar, Purpose},
};

/// How often a browser logged in lately, in a sealed cookie of its own.
///
/// A page that sends to log in those who just did, such as a rejection of the application's own, would send them round
/// in circles, since Fief logs them in without asking.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct LoginCounter {
    /// Seconds of Unix time.
    since: u64,
    count: u32,
}

impl LoginCounter {
    pub(super) fn read(config: &CookieConfig, jar: Jar<'_>, now: u64) -> Self {
        jar.get(&config.name(NAME))
            .and_then(|sealed| config.keys.open(Purpose::LoginCounter, sealed))
            .filter(|read: &Self| now.checked_sub(read.since).is_some_and(|age| age < WINDOW))
            .unwrap_or(Self {
                since: now,
                count: 0,
            })
    }

    pub(super) fn is_redirect_loop(&self) -> bool {
        self.count >= MAX_LOGINS
    }

    /// The cookie that counts one more.
    pub(super) fn next(&self, config: &CookieConfig) -> Result<Cookie<'static>, Error> {
        let next = Self {
            since: self.since,
            count: self.count.saturating_add(1),
        };
        let sealed = config.keys.seal(Purpose::LoginCounter, &next)?;
        Ok(config.cookie(config.name(NAME), sealed, WINDOW))
    }
}

const NAME: &str = "fief_logins";
const MAX_LOGINS: u32 = 5;
/// Seconds.
const WINDOW: u64 = 60;
