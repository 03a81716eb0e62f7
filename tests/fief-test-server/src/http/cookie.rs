//! `Set-Cookie` headers of Fief's cookies, with Fief's attributes.

use url::form_urlencoded;

/// The token of forms, which is sent both as a cookie and as a field.
pub(crate) fn csrf(token: &str) -> String {
    format!("{CSRF_COOKIE}={token}; HttpOnly")
}

/// The language of pages.
pub(crate) fn locale(lang: &str) -> String {
    let lang: String = form_urlencoded::byte_serialize(lang.as_bytes()).collect();
    format!("{LOCALE_COOKIE}={lang}; HttpOnly; Max-Age={MONTH}; Path=/; SameSite=lax")
}

/// The id of a pending login.
pub(crate) fn login(id: &str) -> String {
    format!("{LOGIN_COOKIE}={id}; Path=/; SameSite=lax")
}

pub(crate) fn clear_login() -> String {
    format!("{LOGIN_COOKIE}=\"\"; Max-Age=0; Path=/; SameSite=lax")
}

/// The e-mail address of the last login.
pub(crate) fn login_hint(email: &str) -> String {
    let hint: String = form_urlencoded::byte_serialize(email.as_bytes()).collect();
    format!("fief_login_hint={hint}; HttpOnly; Max-Age={MONTH}; Path=/; SameSite=lax")
}

/// The id of the browser's session.
pub(crate) fn session(id: &str, lifetime: u64) -> String {
    format!("{SESSION_COOKIE}={id}; HttpOnly; Max-Age={lifetime}; Path=/; SameSite=lax")
}

pub(crate) fn clear_session() -> String {
    format!("{SESSION_COOKIE}=\"\"; HttpOnly; Max-Age=0; Path=/; SameSite=lax")
}

pub(crate) const CSRF_COOKIE: &str = "fief_csrftoken";
pub(crate) const LOCALE_COOKIE: &str = "fief_locale";
pub(crate) const LOGIN_COOKIE: &str = "fief_login_session";
pub(crate) const SESSION_COOKIE: &str = "fief_session";

/// In seconds.
const MONTH: u32 = 2_592_000;
