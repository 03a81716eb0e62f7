//! User info that is requested, changed and removed at the same time.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use fief_axum::{CurrentUser, FiefAuth, UserCache, UserKey};
use fief_client::FiefUserInfo;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::sync::Semaphore;

use super::{EMAIL, fief, one, status};

/// The cache of an application, which can be slow.
#[derive(Clone)]
struct Slow(Arc<Inner>);

struct Inner {
    user: Mutex<Option<FiefUserInfo>>,
    inserted: AtomicUsize,
    /// Lets calls of `get` return what they have read.
    reads: Semaphore,
    /// The number of calls that have read.
    begun: Semaphore,
}

impl Slow {
    fn new(reads: usize) -> Self {
        Self(Arc::new(Inner {
            user: Mutex::default(),
            inserted: AtomicUsize::new(0),
            reads: Semaphore::new(reads),
            begun: Semaphore::new(0),
        }))
    }
}

impl UserCache for Slow {
    async fn get(&self, _: &UserKey) -> Option<FiefUserInfo> {
        let found = self.0.user.lock().unwrap().clone();
        self.0.begun.add_permits(1);
        self.0.reads.acquire().await.unwrap().forget();
        found
    }

    async fn insert(&self, _: &UserKey, user: &FiefUserInfo, _: Duration) {
        self.0.inserted.fetch_add(1, Ordering::Relaxed);
        *self.0.user.lock().unwrap() = Some(user.clone());
    }

    async fn remove(&self, _: &UserKey) {
        *self.0.user.lock().unwrap() = None;
    }
}

fn app(auth: &FiefAuth) -> Router {
    one(get(async |_: CurrentUser| "inside")).layer(auth.layer())
}

/// FD-63, RB-8: a cache that is slow does not bring back who was removed meanwhile.
#[tokio::test]
async fn an_invalidated_user_is_not_kept_by_a_slow_cache() {
    let server = FiefTestServer::start().await;
    let cache = Slow::new(1);
    let builder = FiefAuth::builder(fief(&server)).user_cache(cache.clone());
    let auth = builder.build().unwrap();
    let (app, token) = (app(&auth), server.access_token().mint());
    assert_eq!(status(&app, &token).await, 200);
    cache.0.begun.acquire().await.unwrap().forget();
    let under_way = {
        let (app, token) = (app.clone(), token.clone());
        tokio::spawn(async move { status(&app, &token).await })
    };
    cache.0.begun.acquire().await.unwrap().forget();

    auth.invalidate_user(server.user_id(EMAIL)).await;
    server.fault(Endpoint::Userinfo, Fault::status(500));
    cache.0.reads.add_permits(100);

    assert_eq!(under_way.await.unwrap(), 503);
    assert_eq!(status(&app, &token).await, 503);
}

/// FD-63, RB-8: other machines would use it.
#[tokio::test]
async fn a_result_that_is_outdated_is_not_inserted() {
    let server = FiefTestServer::start().await;
    let cache = Slow::new(100);
    let builder = FiefAuth::builder(fief(&server)).user_cache(cache.clone());
    let auth = builder.build().unwrap();
    let (app, token) = (app(&auth), server.access_token().mint());
    server.fault(Endpoint::Userinfo, Fault::hang());
    let under_way = {
        let (app, token) = (app.clone(), token.clone());
        tokio::spawn(async move { status(&app, &token).await })
    };
    server.wait_for_requests(Endpoint::Userinfo, 1).await;

    auth.invalidate_user(server.user_id(EMAIL)).await;
    server.clear_faults();

    assert_eq!(under_way.await.unwrap(), 200);
    assert_eq!(cache.0.inserted.load(Ordering::Relaxed), 0);
}
