//! Hooks of two machines: with a store in memory, and with the real Fief and Redis.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{http::Method, response::Response};
use fief_axum::{AcceptedLogin, FiefAuth, FiefAuthBuilder, Login};

use super::{Calls, Member, app, ended, pass};
use crate::login::{Memory, Visitor, any_fief::AnyFief, exchange::open, key, store};

contract! {
    Machines:
    a_hook_that_panics_leaves_no_session,
    a_hook_that_takes_too_long_loses_no_login,
    a_browser_that_disconnects_calls_the_hook_once,
    a_logout_elsewhere_during_the_hook_leaves_no_session,
    a_hook_of_refreshes_ends_the_session_everywhere,
}

const APP: &str = "http://127.0.0.1:3000";

/// Two machines of an application.
struct Machines {
    fief: AnyFief,
    store: Memory,
    /// By how many seconds their clock is ahead.
    ahead: Arc<AtomicU64>,
}

impl Machines {
    async fn embedded() -> Self {
        Self::of(AnyFief::embedded(APP).await)
    }

    async fn real() -> Self {
        Self::of(AnyFief::real(APP).await)
    }

    fn of(fief: AnyFief) -> Self {
        Self {
            fief,
            store: Memory::default(),
            ahead: Arc::default(),
        }
    }

    async fn auth(&self) -> FiefAuthBuilder {
        let ahead = Arc::clone(&self.ahead);
        let clock = move || SystemTime::now() + Duration::from_secs(ahead.load(Ordering::SeqCst));
        let fief = self.fief.client().clock(clock).build().unwrap();
        let lifetime = Duration::from_secs(2 * 24 * 3600);
        let builder = FiefAuth::builder(fief)
            .login(APP, key())
            .cookie_name("hooks")
            .offline_access()
            .session_lifetime(lifetime)
            .idle_timeout(lifetime);
        if self.fief.is_real() {
            builder.session_store(store::redis::store().await)
        } else {
            builder.session_store(self.store.clone())
        }
    }

    /// Returns browsers at both, whose hook of logins does this after it was called.
    async fn visitors<F>(&self, calls: &Calls, then: fn(Login, usize) -> F) -> [Visitor; 2]
    where
        F: Future<Output = AcceptedLogin> + Send + 'static,
    {
        let visitor = async || {
            let calls = calls.clone();
            let hooked = self.auth().await.on_login(move |login| {
                let calls = calls.clone();
                async move {
                    let number = calls.call().await;
                    Ok::<_, Response>(then(login, number).await)
                }
            });
            Visitor::new(app(&hooked.build().unwrap()))
        };
        [visitor().await, visitor().await]
    }

    /// Returns the callback of a login whose hook waits, and browsers with its cookies at both.
    async fn waiting(&self) -> (Calls, String, [Visitor; 2]) {
        let calls = Calls::waiting();
        let numbered = |_, count| async move { number(count) };
        let [mut here, there] = self.visitors(&calls, numbered).await;
        let callback = self.fief.begin(&mut here, "/login").await;
        let there = here.at(there.app());
        (calls, callback, [here, there])
    }
}

fn number(number: usize) -> AcceptedLogin {
    AcceptedLogin::new().data(&Member { number })
}

/// D10, RB-1
async fn a_hook_that_panics_leaves_no_session(machines: &Machines) {
    let calls = Calls::new();
    let [mut here, there] = machines
        .visitors(&calls, |login, _| async move {
            assert!(login.is_silent(), "the hook panics");
            number(0)
        })
        .await;
    let callback = machines.fief.begin(&mut here, "/login").await;
    let mut there = here.at(there.app());

    assert_eq!(here.open(&callback).await.status, 500);

    assert_eq!(here.open(&callback).await.status, 400);
    assert_eq!(there.open(&callback).await.status, 400);
    assert_eq!(there.open("/castles").await.status, 303);
    assert_eq!(calls.count(), 1);
}

/// D10, RF-9: the other machine completes it with the tokens that were kept.
async fn a_hook_that_takes_too_long_loses_no_login(machines: &Machines) {
    let calls = Calls::new();
    let [mut here, there] = machines
        .visitors(&calls, |_, count| async move {
            if count == 1 {
                pending::<()>().await;
            }
            number(count)
        })
        .await;
    let callback = machines
        .fief
        .begin(&mut here, "/login?return_to=/castles")
        .await;
    let mut there = here.at(there.app());
    let first = open(&here, &callback);
    calls.reach(1).await;
    pass(Duration::from_secs(10)).await;
    let (response, mut here) = ended(first).await;
    assert_eq!(response.status, 503);
    assert_eq!(here.open("/castles").await.status, 303);

    assert_eq!(there.open(&callback).await.header("location"), "/castles");

    assert_eq!(there.open("/member").await.body, "2");
    assert_eq!(calls.count(), 2);
}

/// D10: neither the hook nor its login is cancelled.
async fn a_browser_that_disconnects_calls_the_hook_once(machines: &Machines) {
    let (calls, callback, [mut here, mut there]) = machines.waiting().await;
    let first = open(&here, &callback);
    calls.reach(1).await;
    first.abort();
    calls.release();

    assert_eq!(here.open(&callback).await.status, 303);

    assert_eq!(there.open(&callback).await.status, 303);
    assert_eq!(there.open("/member").await.body, "1");
    assert_eq!(here.open("/member").await.body, "1");
    assert_eq!(calls.count(), 1);
}

/// SE-15, D10
async fn a_logout_elsewhere_during_the_hook_leaves_no_session(machines: &Machines) {
    let (calls, callback, [here, mut there]) = machines.waiting().await;
    let opened = open(&here, &callback);
    calls.reach(1).await;
    there.fetch(Method::POST, "/logout").await;
    calls.release();

    let (response, mut here) = ended(opened).await;

    assert_eq!(response.status, 400);
    assert_eq!(here.open("/castles").await.status, 303);
    assert_eq!(there.open(&callback).await.status, 400);
}

/// D10
async fn a_hook_of_refreshes_ends_the_session_everywhere(machines: &Machines) {
    let rejected = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&rejected);
    let strict = machines
        .auth()
        .await
        .on_login(|_| async { Ok::<_, Response>(number(0)) })
        .on_refresh(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            async { false }
        });
    let [mut here, _] = machines
        .visitors(&Calls::new(), |_, count| async move { number(count) })
        .await;
    let callback = machines.fief.begin(&mut here, "/login").await;
    assert_eq!(here.open(&callback).await.status, 303);
    let mut strictly = here.at(app(&strict.build().unwrap()));
    machines.ahead.store(24 * 3600 - 30, Ordering::SeqCst);

    assert_eq!(strictly.fetch(Method::GET, "/castles").await.status, 401);

    assert_eq!(here.fetch(Method::GET, "/castles").await.status, 401);
    assert_eq!(rejected.load(Ordering::SeqCst), 1);
}
