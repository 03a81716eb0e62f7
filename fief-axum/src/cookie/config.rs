use std::sync::Arc;

use time::Duration;
use tower_cookies::{Cookie, cookie::SameSite};

use super::seal::Keys;

/// How the cookies of the application are named and sealed.
pub(crate) struct CookieConfig {
    /// Whether browsers come by https.
    pub(crate) is_secure: bool,
    pub(crate) keys: Arc<Keys>,
}

impl CookieConfig {
    /// The name of a cookie of ours, which browsers take over https from this host only.
    ///
    /// Cookies ignore ports: on loopback a Fief beside the application has a `fief_session` of its own.
    pub(crate) fn name(&self, name: &str) -> String {
        let prefix = if self.is_secure { "__Host-" } else { "dev_" };
        format!("{prefix}{name}")
    }

    /// A cookie of ours, for so many seconds.
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

    /// Removes a cookie of ours.
    pub(crate) fn removal(&self, name: String) -> Cookie<'static> {
        self.cookie(name, String::new(), 0)
    }
}
