//! A machine whose clock is wrong, and is set right later.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use fief_client::{Fief, cli::FiefAuth};
use fief_test_server::Endpoint;

use super::{ANNE, DAY, Tool};

/// A tool whose clock is ahead of Fief's by some days.
struct Machine {
    auth: FiefAuth,
    days: Arc<AtomicI64>,
}

impl Machine {
    fn of(tool: &Tool) -> Self {
        let days = Arc::new(AtomicI64::new(0));
        let (clock, ahead) = (tool.server.clock(), Arc::clone(&days));
        let clock = move || -> SystemTime {
            let days = ahead.load(Ordering::Relaxed);
            let by = DAY * u32::try_from(days.abs()).unwrap();
            if days < 0 { clock() - by } else { clock() + by }
        };
        let fief = Fief::builder(tool.server.url(), "castles-cli").clock(clock);
        let path = tool.folder.credentials();
        Self {
            auth: FiefAuth::with_credentials_path(fief.build().unwrap(), path),
            days,
        }
    }

    fn set(&self, days: i64) {
        self.days.store(days, Ordering::Relaxed);
    }
}

/// RB-9: tokens that Fief has just issued have expired by this clock.
#[tokio::test]
async fn a_clock_that_is_ahead_loses_no_login() {
    let tool = Tool::logged_in().await;
    let machine = Machine::of(&tool);
    machine.set(10);
    for _ in 0..3 {
        let error = machine.auth.access_token().await.unwrap_err();
        assert!(error.needs_login(), "{error:?}");
    }

    machine.set(0);
    let requests = tool.server.requests(Endpoint::Token);
    let token = machine.auth.access_token().await.unwrap();

    assert_eq!(token.id(), tool.server.user_id(ANNE));
    assert_eq!(tool.server.requests(Endpoint::Token), requests);
    tool.server.advance(DAY * 2);
    machine.auth.access_token().await.unwrap();
}

/// RB-9: tokens come from the future.
#[tokio::test]
async fn a_clock_that_is_behind_loses_no_login() {
    let tool = Tool::logged_in().await;
    let machine = Machine::of(&tool);
    machine.set(-10);
    for _ in 0..3 {
        let error = machine.auth.access_token().await.unwrap_err();
        assert!(!error.needs_login(), "{error:?}");
    }

    machine.set(0);
    tool.server.advance(Duration::from_secs(6));
    let requests = tool.server.requests(Endpoint::Token);
    let token = machine.auth.access_token().await.unwrap();

    assert_eq!(token.id(), tool.server.user_id(ANNE));
    assert_eq!(tool.server.requests(Endpoint::Token), requests);
}
