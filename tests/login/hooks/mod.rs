//! The application's hooks of logins and refreshes.

mod failures;
mod outcomes;
mod real;
mod refresh;
mod remember;
mod store;
mod values;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use fief_axum::{CurrentSession, FiefAuth, FiefAuthBuilder, Rejection};
use fief_test_server::FiefTestServer;
use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, task::JoinHandle};

use super::{Visitor, builder, visitor::path};
use crate::web::EMAIL;

#[derive(Deserialize, Serialize)]
struct Member {
    number: usize,
}

/// What a hook was called for, and what it waits for.
#[derive(Clone)]
struct Calls {
    count: Arc<AtomicUsize>,
    released: Arc<Semaphore>,
}

impl Calls {
    /// Its hooks do not wait.
    fn new() -> Self {
        let calls = Self::waiting();
        calls.release();
        calls
    }

    fn waiting() -> Self {
        Self {
            count: Arc::default(),
            released: Arc::new(Semaphore::new(0)),
        }
    }

    fn release(&self) {
        self.released.add_permits(1000);
    }

    /// Counts a call, and returns its number once it is released.
    async fn call(&self) -> usize {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        self.released.acquire().await.unwrap().forget();
        number
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Waits until the hook was called so often.
    async fn reach(&self, count: usize) {
        let reached = async {
            while self.count() < count {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), reached).await;
        assert!(waited.is_ok(), "the hook was called {} times", self.count());
    }
}

/// Returns the pages of an application, and one that shows the value of the session.
fn app(auth: &FiefAuth) -> Router {
    Router::new()
        .route("/member", get(member))
        .route_layer(auth.require())
        .layer(auth.layer())
        .merge(super::app(auth))
}

async fn member(session: CurrentSession) -> Result<String, Rejection> {
    let member: Option<Member> = session.data()?;
    Ok(member.map_or_else(|| "none".into(), |member| member.number.to_string()))
}

fn visitor(builder: FiefAuthBuilder) -> Visitor {
    Visitor::new(app(&builder.build().unwrap()))
}

/// Returns the result of a task that must end.
async fn ended<T>(task: JoinHandle<T>) -> T {
    let ended = tokio::time::timeout(Duration::from_secs(30), task).await;
    ended.expect("it does not end").unwrap()
}

/// Lets tokio's time pass.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Returns the callback of a silent login of a user that is logged in to Fief.
async fn begin_silently(visitor: &mut Visitor, server: &FiefTestServer, login: &str) -> String {
    let begun = visitor.open(login).await;
    let authorize = begun.header("location").replace("&prompt=none", "");
    path(&server.log_in(EMAIL, authorize).await)
}
