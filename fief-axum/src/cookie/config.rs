use std::sync::Arc;

use time::Duration;
use tower_cookies::{Cookie, cookie::SameSite};

use super::seal::Keys;

/// Attributes and keys of the cookies of an application.
///
/// All cookies are `HttpOnly`, `SameSite=Lax` and for the path `/`.
pub(crate) struct CookieConfig {
    /// Whether browsers use https. It is `false` on loopback only.
    pub(crate) is_secure: bool,
    pub(crate) keys: Arc<Keys>,
}

impl CookieConfig {
    /// Returns the full name of a cookie.
    ///
    /// The prefix `__Host-` keeps other hosts and plain http from setting the
    /// cookie ([RFC 6265bis, section
    /// 4.1.3](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3)).
    /// Over http on loopback it is `dev_`, since cookies are shared by all
    /// ports: Fief itself may run there and sets a `fief_session` as well.
    pub(crate) fn name(&self, name: &str) -> String {
        let prefix = if self.is_secure { "__Host-" } else { "dev_" };
        format!("{prefix}{name}")
    }

    /// Creates a cookie that the browser keeps for `max_age` seconds.
    ///
    /// `name` is a full name, as returned by [`name`](Self::name).
    pub(crate) fn cookie(&self, name: String, value: String, max_age: u64) -> Cookie<'static> {
        Cookie::build((name, value))
            .path("/")
            .secure(self.is_secure)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(Duration::seconds(
                i64::try_from(max_age).unwrap_or(i64::MAX),
            ))
            .build()
    }

    /// Creates a cookie that makes the browser remove the one of this name.
    pub(crate) fn removal(&self, name: String) -> Cookie<'static> {
        self.cookie(name, String::new(), 0)
    }
}
