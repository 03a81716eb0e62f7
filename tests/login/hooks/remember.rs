//! Sessions that are remembered.

use std::time::{Duration, UNIX_EPOCH};

use axum::http::Method;
use fief_axum::FiefAuthBuilder;
use fief_test_server::FiefTestServer;

use super::{app, visitor};
use crate::login::{Memory, Visitor, builder, lifetime::server};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn remembering(server: &FiefTestServer) -> FiefAuthBuilder {
    builder(server).offline_access().remember_me(30 * DAY)
}

async fn logged_in(server: &FiefTestServer, builder: FiefAuthBuilder, login: &str) -> Visitor {
    let mut visitor = visitor(builder);
    visitor.log_in(server, login).await;
    visitor
}

/// Returns whether the session lasts, a request after each time.
async fn lasts(server: &FiefTestServer, visitor: &mut Visitor, times: &[Duration]) -> bool {
    for time in times {
        server.advance(*time);
        let status = visitor.open("/castles").await.status;
        if status != 200 {
            assert_eq!(status, 303);
            return false;
        }
    }
    true
}

/// D11, SE-4
#[tokio::test]
async fn a_remembered_session_lasts_a_month_and_another_one_an_hour() {
    let server = server().await;
    for (remember, is_remembered) in [
        ("?remember=on", true),
        ("?remember=1", true),
        ("?remember=true", true),
        ("?remember=0", false),
        ("?remember=yes", false),
        ("", false),
    ] {
        let login = format!("/login{remember}");
        let mut visitor = logged_in(&server, remembering(&server), &login).await;
        let lasted = lasts(&server, &mut visitor, &[2 * HOUR, 20 * DAY]).await;
        assert_eq!(lasted, is_remembered, "{remember}");
        if is_remembered {
            assert!(!lasts(&server, &mut visitor, &[9 * DAY, DAY]).await);
        }
    }
}

/// D11: the browser keeps its cookies for as long.
#[tokio::test]
async fn the_cookies_of_a_remembered_session_are_kept_for_a_month() {
    let server = server().await;
    let mut visitor = visitor(remembering(&server));
    let callback = visitor.begin(&server, "/login?remember=on").await;

    let (_, cookies) = visitor
        .send_once(crate::login::page(&callback, "none"))
        .await;

    let session = cookies.iter().find(|cookie| cookie.contains("session="));
    assert!(session.unwrap().contains("Max-Age=2592000"), "{cookies:?}");
    visitor.store_cookies(&cookies);
    server.advance(DAY / 2);
    let (_, cookies) = visitor
        .send_once(crate::login::page("/castles", "none"))
        .await;
    let seen = cookies.iter().find(|cookie| cookie.contains("seen="));
    assert!(seen.unwrap().contains("Max-Age=2592000"), "{cookies:?}");
}

/// D11: as the store keeps its records.
#[tokio::test]
async fn the_records_of_a_remembered_session_are_kept_for_a_month() {
    let server = server().await;
    let store = Memory::default();
    let builder = remembering(&server).session_store(store.clone());
    logged_in(&server, builder, "/login?remember=on").await;

    let now = server.clock()().duration_since(UNIX_EPOCH).unwrap();
    let month = now + 30 * DAY - HOUR..now + 30 * DAY + HOUR;
    let mut kept = 0;
    store.change(|records| {
        let times = records
            .values()
            .map(|record| record.expiry_date.unix_timestamp());
        let times = times.map(|time| Duration::from_secs(time.try_into().unwrap()));
        kept = times.filter(|time| month.contains(time)).count();
    });
    // The session and its own record.
    assert_eq!(kept, 2);
}

/// D11, LF-11
#[tokio::test]
async fn a_login_is_remembered_only_if_the_application_allows_it() {
    let server = server().await;
    let plain = builder(&server).offline_access();
    let mut visitor = logged_in(&server, plain, "/login?remember=on").await;
    assert!(!lasts(&server, &mut visitor, &[2 * HOUR]).await);
}

/// D13: a step-up, and no login of another user or one that says otherwise.
#[tokio::test]
async fn another_login_of_the_user_keeps_a_session_remembered() {
    let server = server().await;
    for (login, is_remembered) in [
        ("/login?acr=1", true),
        ("/login?remember=on", true),
        ("/login?remember=off", false),
    ] {
        let mut visitor = logged_in(&server, remembering(&server), "/login?remember=on").await;
        visitor.log_in(&server, login).await;
        let lasted = lasts(&server, &mut visitor, &[2 * HOUR]).await;
        assert_eq!(lasted, is_remembered, "{login}");
    }
    let mut visitor = logged_in(&server, remembering(&server), "/login?remember=on").await;
    visitor.fetch(Method::POST, "/logout").await;
    visitor.log_in(&server, "/login").await;
    assert!(!lasts(&server, &mut visitor, &[2 * HOUR]).await);
}

/// D11, D12, SE-4: also after the tokens were refreshed, of which the day's proof is one.
#[tokio::test]
async fn a_remembered_session_is_refreshed_as_one() {
    let server = crate::login::refresh::server().await;
    let mut visitor = logged_in(&server, remembering(&server), "/login?remember=on").await;
    assert!(lasts(&server, &mut visitor, &[HOUR, 20 * HOUR, 2 * HOUR, 9 * DAY]).await);
}

/// D10: a login that Fief rejects with `prompt=consent` begins again with it.
#[tokio::test]
async fn a_login_that_begins_again_without_consent_is_remembered() {
    let server = server().await;
    let mut visitor = visitor(remembering(&server));
    let begun = visitor.open("/login?prompt=consent&remember=on").await;
    let state = crate::login::query(begun.header("location"))["state"].clone();
    let rejected = format!("/auth-callback?error=login_required&state={state}");
    let again = visitor.open(&rejected).await;
    assert_eq!(again.header("location"), "/login?remember=on&return_to=%2F");
}

/// FD-83
#[tokio::test]
async fn a_time_to_be_remembered_that_cannot_be_kept_is_rejected() {
    let server = FiefTestServer::start().await;
    let hours = |hours| builder(&server).remember_me(hours * HOUR);
    for (builder, why) in [
        (hours(25), "without offline_access"),
        (hours(31 * 24).offline_access(), "at most 30 days"),
        (hours(23), "at least session_lifetime"),
        (hours(0), "at least session_lifetime"),
        (hours(24).idle_timeout(DAY), "has no effect"),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(
            error.contains("remember_me") && error.contains(why),
            "{error}"
        );
    }
    let auth = hours(24).build().unwrap();
    assert_eq!(Visitor::new(app(&auth)).open("/").await.status, 200);
}
