//! Settings of the builder that have no effect.

use std::time::Duration;

use axum::http::StatusCode;
use fief_axum::{FiefAuth, FiefAuthBuilder, SessionKey};
use fief_client::Fief;

use super::store::Memory;
use crate::web::APP;

fn key() -> SessionKey {
    SessionKey::generate().unwrap()
}

fn builder() -> FiefAuthBuilder {
    let fief = Fief::builder("https://fief.example.com", "CLIENT_ID");
    FiefAuth::builder(fief.build().unwrap())
}

/// A setting by its name.
type Setting = (&'static str, fn(FiefAuthBuilder) -> FiefAuthBuilder);

const HOUR: Duration = Duration::from_secs(3600);

const LOGIN_SETTINGS: &[Setting] = &[
    ("scope", |builder| builder.scope("castles")),
    ("login_path", |builder| builder.login_path("/login")),
    ("callback_path", |builder| builder.callback_path("/back")),
    ("logout_path", |builder| builder.logout_path("/logout")),
    ("user_route", |builder| builder.user_route("/user")),
    ("after_login", |builder| builder.after_login("/")),
    ("after_logout", |builder| builder.after_logout("/")),
    ("on_login", |builder| {
        builder.on_login(|_| async { Ok::<_, StatusCode>(()) })
    }),
    ("return_origin", |builder| {
        builder.return_origin("https://spa.example.com")
    }),
    ("on_login_page", |builder| {
        builder.on_login_page(|page| page)
    }),
    ("previous_session_key", |builder| {
        builder.previous_session_key(key())
    }),
    ("cookie_name", |builder| builder.cookie_name("castles")),
    ("session_store", |builder| {
        builder.session_store(Memory::default())
    }),
    ("idle_timeout", |builder| builder.idle_timeout(HOUR)),
    ("session_lifetime", |builder| {
        builder.session_lifetime(24 * HOUR)
    }),
    ("remember_me", |builder| builder.remember_me(24 * HOUR)),
    ("offline_access", FiefAuthBuilder::offline_access),
];

/// FD-83
#[test]
fn a_setting_of_the_login_without_a_login_is_rejected() {
    for (name, set) in LOGIN_SETTINGS {
        let error = set(builder()).build().map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains(&format!("{name} has no effect")),
            "{name}: {error}"
        );
        let with_login = set(builder().login(APP, key())).build();
        assert!(with_login.is_ok(), "{name}: {with_login:?}");
    }
    let on_refresh = builder().on_refresh(|_| async { true }).build();
    let error = on_refresh.unwrap_err().to_string();
    assert!(error.contains("on_refresh has no effect"), "{error}");
    let refresh_after = builder().refresh_after(HOUR).build().unwrap_err();
    assert!(
        refresh_after
            .to_string()
            .contains("refresh_after has no effect")
    );
}

/// FD-83: what an API uses as well.
#[test]
fn other_settings_need_no_login() {
    let api = builder()
        .realm("castles")
        .resource("https://api.example.com")
        .access_token_cookie("token")
        .on_rejection(|rejection| rejection)
        .user_cache_ttl(HOUR);

    assert!(api.build().is_ok());
}
