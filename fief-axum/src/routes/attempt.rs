use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use fief_client::LoginAttempt;
use serde::{Deserialize, Serialize};
use tower_cookies::Cookie;

use crate::{
    Error,
    cookie::{CookieConfig, Jar, Purpose},
};

/// A login that has begun, sealed into a cookie of its own, so that several tabs can log in at once.
#[derive(Deserialize, Serialize)]
pub(crate) struct Attempt {
    pub(crate) login: LoginAttempt,
    pub(crate) return_to: String,
    pub(crate) is_silent: bool,
    /// Seconds of Unix time.
    created_at: u64,
}

impl Attempt {
    pub(crate) fn new(login: LoginAttempt, return_to: String, is_silent: bool, now: u64) -> Self {
        Self {
            login,
            return_to,
            is_silent,
            created_at: now,
        }
    }

    /// Seals it into a cookie, and clears the oldest ones of a browser that has too many.
    pub(crate) fn write(
        &self,
        config: &CookieConfig,
        jar: Jar<'_>,
    ) -> Result<Vec<Cookie<'static>>, Error> {
        let sealed = config.keys.seal(Purpose::Login, self)?;
        let mut cookies =
            vec![config.cookie(cookie_name(config, self.login.state()), sealed, MAX_AGE)];
        let prefix = config.name(PREFIX);
        let mut others: Vec<_> = jar
            .iter()
            .filter(|(name, _)| name.starts_with(&prefix))
            .map(|(name, sealed)| {
                (
                    open(config, sealed).map_or(0, |other| other.created_at),
                    name,
                )
            })
            .collect();
        others.sort_unstable();
        let surplus = (others.len() + 1).saturating_sub(MAX_ATTEMPTS);
        cookies.extend(
            others
                .iter()
                .take(surplus)
                .map(|(_, name)| config.removal((*name).to_owned())),
        );
        Ok(cookies)
    }

    /// Finds the attempt that a callback with this state answers, unless it is over.
    pub(crate) fn read(config: &CookieConfig, jar: Jar<'_>, state: &str, now: u64) -> Option<Self> {
        let attempt = open(config, jar.get(&cookie_name(config, state))?)?;
        let age = now.checked_sub(attempt.created_at)?;
        (age < MAX_AGE).then_some(attempt)
    }

    /// Removes the attempt of a state: it is good for one callback.
    pub(crate) fn clear(config: &CookieConfig, state: &str) -> Cookie<'static> {
        config.removal(cookie_name(config, state))
    }
}

fn open(config: &CookieConfig, sealed: &str) -> Option<Attempt> {
    config.keys.open(Purpose::Login, sealed)
}

/// The name says which state it is for, but not the state.
fn cookie_name(config: &CookieConfig, state: &str) -> String {
    let hash = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, state.as_bytes()));
    let short = hash.get(..8).unwrap_or_default();
    format!("{}{short}", config.name(PREFIX))
}

const PREFIX: &str = "fief_login_";
/// Seconds.
const MAX_AGE: u64 = 600;
const MAX_ATTEMPTS: usize = 5;
