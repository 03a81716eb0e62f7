use std::time::{SystemTime, UNIX_EPOCH};

use fief_client::LoginAttempt;
use serde::{Deserialize, Serialize};
use tower_cookies::Cookie;

use crate::{
    Error,
    cookie::{CookieConfig, Jar, Purpose, short_hash},
};

/// Login in progress.
///
/// Each is sealed in a cookie of its own, so that users can log in in several
/// tabs at the same time.
#[derive(Deserialize, Serialize)]
pub(crate) struct Attempt {
    /// State, nonce and code verifier.
    pub(crate) login: LoginAttempt,
    /// The page to redirect to after the login.
    pub(crate) return_to: String,
    /// Whether a failure must not show a page (`prompt=none`).
    pub(crate) is_silent: bool,
    /// In milliseconds of Unix time, so that those of one second are ordered.
    created_at: u64,
}

impl Attempt {
    pub(crate) fn new(
        login: LoginAttempt,
        return_to: String,
        is_silent: bool,
        now: SystemTime,
    ) -> Self {
        Self {
            login,
            return_to,
            is_silent,
            created_at: millis(now),
        }
    }

    /// Seals the attempt in a cookie, and removes the oldest attempts of a
    /// browser that has too many.
    ///
    /// Those that cannot be opened count as the oldest.
    pub(crate) fn write(
        &self,
        config: &CookieConfig,
        jar: Jar<'_>,
    ) -> Result<Vec<Cookie<'static>>, Error> {
        let sealed = config.keys.seal(Purpose::Login, self)?;
        let mut cookies =
            vec![config.cookie(cookie_name(config, self.login.state()), sealed, MAX_AGE)];
        let prefix = name_prefix(config);
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

    /// Returns the attempt that a callback with this state belongs to, unless
    /// it has expired.
    pub(crate) fn read(
        config: &CookieConfig,
        jar: Jar<'_>,
        state: &str,
        now: SystemTime,
    ) -> Option<Self> {
        let attempt = open(config, jar.get(&cookie_name(config, state))?)?;
        // Another machine may have created it, whose clock differs.
        let age = millis(now)
            .saturating_add(SKEW_MILLIS)
            .checked_sub(attempt.created_at)?;
        (age < MAX_AGE * 1000 + SKEW_MILLIS).then_some(attempt)
    }

    /// Returns the attempts that the browser has, at most as many as it may have.
    pub(crate) fn all(config: &CookieConfig, jar: Jar<'_>) -> Vec<Self> {
        let prefix = name_prefix(config);
        jar.iter()
            .filter(|(name, _)| name.starts_with(&prefix))
            .filter_map(|(_, sealed)| open(config, sealed))
            .take(MAX_ATTEMPTS)
            .collect()
    }

    /// Removes all attempts that the browser has.
    pub(crate) fn clear_all(config: &CookieConfig, jar: Jar<'_>) -> Vec<Cookie<'static>> {
        let prefix = name_prefix(config);
        jar.iter()
            .filter(|(name, _)| name.starts_with(&prefix))
            .take(MAX_CLEARED)
            .map(|(name, _)| config.removal(name.to_owned()))
            .collect()
    }

    /// Removes the attempt with this state, which is used up.
    pub(crate) fn clear(config: &CookieConfig, state: &str) -> Cookie<'static> {
        config.removal(cookie_name(config, state))
    }
}

fn open(config: &CookieConfig, sealed: &str) -> Option<Attempt> {
    config.keys.open(Purpose::Login, sealed)
}

/// Returns the name of the cookie of an attempt, which contains a short hash of
/// its state: the callback finds the attempt by it, and the state stays secret.
fn cookie_name(config: &CookieConfig, state: &str) -> String {
    format!("{}{}", name_prefix(config), short_hash(state))
}

/// Returns what the names of all attempts begin with. It ends with a dot, so
/// that no cookie of another application begins with it.
fn name_prefix(config: &CookieConfig) -> String {
    format!("{}.", config.name(NAME))
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(u64::MAX, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

const NAME: &str = "login";
/// In seconds.
const MAX_AGE: u64 = 600;
const MAX_ATTEMPTS: usize = 5;
/// How many cookies a response removes at most.
const MAX_CLEARED: usize = 16;
/// How far the clocks of machines may differ.
const SKEW_MILLIS: u64 = 60_000;
