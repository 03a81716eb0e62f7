use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use fief_client::LoginAttempt;
use serde::{Deserialize, Deserializer, Serialize};
use tower_cookies::Cookie;

use crate::{
    Error,
    cookie::{CookieConfig, Jar, Purpose, limits},
};

/// Login in progress.
///
/// Each is sealed in a cookie of its own, so that users can log in in several
/// tabs at the same time.
#[derive(Deserialize, Serialize)]
pub(crate) struct Attempt {
    /// In milliseconds of Unix time, so that those of one second are ordered. The
    /// first field, since it is read alone as well.
    created_at: u64,
    /// State, nonce and code verifier.
    pub(crate) login: LoginAttempt,
    /// The page to redirect to after the login. Empty for the default page.
    pub(crate) return_to: String,
    /// Whether a failure must not show a page (`prompt=none`).
    pub(crate) is_silent: bool,
    /// With `prompt=consent`, the query of the login that is begun if the user is
    /// not logged in to Fief, which rejects this one then.
    pub(crate) without_consent: Option<String>,
    /// Whether the session is to be remembered, if the login says so. The last field:
    /// the previous release does not write it, and ignores it.
    #[serde(deserialize_with = "last_field")]
    pub(crate) remember: Option<bool>,
}

impl Attempt {
    /// Returns a login that begins now, to return to a page.
    pub(crate) fn new(login: LoginAttempt, return_to: String, now: SystemTime) -> Self {
        Self {
            created_at: millis(now),
            login,
            return_to,
            is_silent: false,
            without_consent: None,
            remember: None,
        }
    }

    /// Seals the attempt in a cookie, and removes the oldest attempts of a
    /// browser that has too many.
    ///
    /// If that is too long together with the redirect to `location`, the page is
    /// left out, and the login returns to the default page.
    pub(crate) fn write(
        mut self,
        config: &CookieConfig,
        jar: Jar<'_>,
        location: &str,
    ) -> Result<Vec<Cookie<'static>>, Error> {
        let (cookies, has_slot) = self.cookies(config, jar)?;
        if has_slot && limits::fits(config, jar, &cookies, location) {
            return Ok(cookies);
        }
        self.return_to.clear();
        self.without_consent = self.without_consent.map(|_| String::new());
        // It is written even if it is still too long: that of the application's URL.
        let (cookies, _) = self.cookies(config, jar)?;
        Ok(cookies)
    }

    /// Returns the cookies, and whether a limit is long enough for the attempt.
    fn cookies(
        &self,
        config: &CookieConfig,
        jar: Jar<'_>,
    ) -> Result<(Vec<Cookie<'static>>, bool), Error> {
        let sealed = config.keys.seal(Purpose::Login, self)?;
        let name = limits::attempt_name(config, jar, &sealed);
        let has_slot = name.is_some();
        let name = name.unwrap_or_else(|| config.attempt_name(0));
        let mut cookies = vec![config.cookie(name, sealed, MAX_AGE)];
        cookies.extend(limits::surplus_attempts(config, jar, &cookies));
        Ok((cookies, has_slot))
    }

    /// Returns the attempt that a callback with this state belongs to, unless its
    /// cookie has expired.
    pub(crate) fn read(
        config: &CookieConfig,
        jar: Jar<'_>,
        state: &str,
        now: SystemTime,
    ) -> Option<Self> {
        let (_, attempt) = Self::with_state(config, jar, state)?;
        attempt.is_younger_than(MAX_AGE, now).then_some(attempt)
    }

    /// Returns whether it is too late to exchange a code. A callback then only
    /// leads back to the page.
    pub(crate) fn is_late(&self, now: SystemTime) -> bool {
        !self.is_younger_than(EXCHANGE_PERIOD, now)
    }

    /// Another machine may have created it, whose clock differs.
    fn is_younger_than(&self, seconds: u64, now: SystemTime) -> bool {
        let age = millis(now)
            .saturating_add(SKEW_MILLIS)
            .checked_sub(self.created_at);
        age.is_some_and(|age| age < seconds * 1000 + SKEW_MILLIS)
    }

    /// Returns the attempts that the browser has, at most as many as it may have.
    pub(crate) fn all(config: &CookieConfig, jar: Jar<'_>) -> Vec<Self> {
        limits::attempts(config, jar)
            .filter_map(|(_, sealed)| open(config, sealed))
            .take(limits::MAX_ATTEMPTS)
            .collect()
    }

    /// Removes the attempts that the browser has, at most as many as are examined.
    pub(crate) fn clear_all(config: &CookieConfig, jar: Jar<'_>) -> Vec<Cookie<'static>> {
        limits::attempts(config, jar)
            .map(|(name, _)| config.removal(name.to_owned()))
            .collect()
    }

    /// Removes the attempt with this state, which is used up. A later one may have
    /// the name by now.
    pub(crate) fn clear(
        config: &CookieConfig,
        jar: Jar<'_>,
        state: &str,
    ) -> Option<Cookie<'static>> {
        let (name, _) = Self::with_state(config, jar, state)?;
        Some(config.removal(name.to_owned()))
    }

    /// Returns the attempt with this state, and the name of its cookie.
    fn with_state<'a>(config: &CookieConfig, jar: Jar<'a>, state: &str) -> Option<(&'a str, Self)> {
        limits::attempts(config, jar)
            .filter_map(|(name, sealed)| Some((name, open(config, sealed)?)))
            .find(|(_, attempt)| is_equal(attempt.login.state(), state))
    }
}

fn open(config: &CookieConfig, sealed: &[u8]) -> Option<Attempt> {
    let sealed = str::from_utf8(sealed).ok()?;
    config.keys.open(Purpose::Login, sealed)
}

/// Deserializes the last field, which may be missing.
#[expect(clippy::unnecessary_wraps, reason = "serde requires it")]
fn last_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    // The attempt was sealed whole, so an error is the end of it.
    Ok(Option::deserialize(deserializer).unwrap_or_default())
}

/// Compares in constant time.
fn is_equal(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(u64::MAX, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// How long the browser keeps an attempt, in seconds.
const MAX_AGE: u64 = 3600;
/// How long after the beginning of a login its code may be exchanged, in seconds.
const EXCHANGE_PERIOD: u64 = 600;
/// How far the clocks of machines may differ.
const SKEW_MILLIS: u64 = 60_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The attempt of the previous release.
    #[derive(Deserialize, Serialize)]
    struct Previous {
        created_at: u64,
        login: LoginAttempt,
        return_to: String,
        is_silent: bool,
        without_consent: Option<String>,
    }

    fn login() -> Result<LoginAttempt, serde_json::Error> {
        serde_json::from_value(json!({
            "state": "s", "nonce": "n", "code_verifier": "v", "redirect_uri": "r", "client_id": "c",
            "acr": null, "max_age": null,
        }))
    }

    #[test]
    fn an_attempt_of_the_previous_release_is_opened() -> Result<(), Box<dyn std::error::Error>> {
        let previous = Previous {
            created_at: 7,
            login: login()?,
            return_to: "/castles".into(),
            is_silent: true,
            without_consent: Some("lang=fr".into()),
        };
        let attempt: Attempt = postcard::from_bytes(&postcard::to_allocvec(&previous)?)?;
        assert_eq!(attempt.return_to, "/castles");
        assert_eq!(attempt.without_consent.as_deref(), Some("lang=fr"));
        assert_eq!(attempt.remember, None);
        Ok(())
    }

    #[test]
    fn the_previous_release_opens_an_attempt() -> Result<(), Box<dyn std::error::Error>> {
        for remember in [None, Some(false), Some(true)] {
            let mut attempt = Attempt::new(login()?, "/castles".into(), UNIX_EPOCH);
            attempt.remember = remember;
            let sealed = postcard::to_allocvec(&attempt)?;
            let previous: Previous = postcard::from_bytes(&sealed)?;
            let same: Attempt = postcard::from_bytes(&sealed)?;
            assert_eq!(previous.return_to, "/castles");
            assert_eq!(same.remember, remember);
        }
        Ok(())
    }
}
