use std::sync::Arc;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use time::Duration;
use tower_cookies::{Cookie, cookie::SameSite};

use super::seal::Keys;

/// Names, attributes and keys of the cookies of an application.
///
/// All cookies are `HttpOnly`, `SameSite=Lax` and for the path `/`. Browsers
/// share cookies between all paths and ports of a host, so each application has
/// names of its own:
///
/// - `fief_seen_xu8fLfjV` by default. The hash of the client and the
///   application's URL has 8 letters and digits.
/// - `shop_seen` if the application has set `shop`. What follows the last `_` is
///   never 8 characters long, so this is no default name of an application.
///
/// Neither contains a dot, so what follows one (`fief_login_xu8fLfjV.2`)
/// belongs to the application and the kind of cookie before it.
pub(crate) struct CookieConfig {
    /// Whether browsers use https. It is `false` on loopback only.
    is_secure: bool,
    /// The beginning of all names, such as `__Host-fief_`.
    prefix: String,
    /// The end of names, such as `_xu8fLfjV`. Empty for names that the
    /// application has set.
    suffix: String,
    /// The names of the session cookie and of its other chunks.
    session: [String; MAX_CHUNKS],
    /// The name of the cookie that says when a session was last used.
    seen: String,
    /// The name of the cookie that counts logins without effect.
    counter: String,
    /// How long the client's id and the URL of the callback are, which each login in
    /// progress contains.
    attempt_ids_len: usize,
    pub(crate) keys: Arc<Keys>,
}

impl CookieConfig {
    /// Creates the names: those with a hash of `client_id` and `app_url`, or
    /// those that begin with `name`. The `redirect_uri` is part of each login in
    /// progress.
    pub(crate) fn new(
        name: Option<&str>,
        client_id: &str,
        app_url: &str,
        redirect_uri: &str,
        keys: Arc<Keys>,
    ) -> Self {
        let is_secure = app_url.starts_with("https:");
        // The prefix keeps other hosts and plain http from setting the cookie (RFC 6265bis,
        // section 4.1.3). Browsers reject it over http.
        let host = if is_secure { "__Host-" } else { "" };
        let suffix = match name {
            Some(_) => String::new(),
            None => format!("_{}", short_hash(&format!("{client_id}\0{app_url}"))),
        };
        let prefix = format!("{host}{}_", name.unwrap_or("fief"));
        let session = format!("{prefix}session{suffix}");
        Self {
            is_secure,
            seen: format!("{prefix}seen{suffix}"),
            counter: format!("{prefix}logins{suffix}"),
            attempt_ids_len: client_id.len() + redirect_uri.len(),
            session: [
                session.clone(),
                format!("{session}.1"),
                format!("{session}.2"),
            ],
            prefix,
            suffix,
            keys,
        }
    }

    /// Returns the name of the session cookie.
    pub(crate) fn session_name(&self) -> &str {
        let [first, ..] = &self.session;
        first
    }

    /// Returns the names of the chunks of a session, of which the first is that of
    /// the session cookie.
    pub(crate) fn chunk_names(&self) -> [&str; MAX_CHUNKS] {
        self.session.each_ref().map(String::as_str)
    }

    /// Returns the name of the cookie that says when a session was last used.
    pub(crate) fn seen_name(&self) -> &str {
        &self.seen
    }

    /// Returns the name of the cookie that counts logins without effect.
    pub(crate) fn counter_name(&self) -> &str {
        &self.counter
    }

    /// Returns what the names of all logins in progress begin with. It ends with a
    /// dot, so that no cookie of another application begins with it.
    pub(crate) fn attempt_prefix(&self) -> String {
        format!("{}login{}.", self.prefix, self.suffix)
    }

    /// Returns how long the client's id and the URL of the callback are together.
    pub(super) fn attempt_ids_len(&self) -> usize {
        self.attempt_ids_len
    }

    /// Returns the name of a login in progress. There are few of them, since what
    /// several tabs set at once adds up.
    pub(crate) fn attempt_name(&self, slot: usize) -> String {
        format!("{}{slot}", self.attempt_prefix())
    }

    /// Creates a cookie that the browser keeps for `max_age` seconds.
    ///
    /// `name` is a full name, such as [`seen_name`](Self::seen_name).
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

/// Returns 8 letters and digits of the SHA-256 of a text: base64, of which the
/// two other characters are replaced.
pub(crate) fn short_hash(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut hash = URL_SAFE_NO_PAD.encode(hash).replace(['-', '_'], "0");
    hash.truncate(8);
    hash
}

/// How many cookies a session is split into at most.
pub(crate) const MAX_CHUNKS: usize = 3;
