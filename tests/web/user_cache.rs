//! A cache of the application's own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, routing::get};
use fief_axum::{CurrentUser, FiefAuth, UserCache, UserKey};
use fief_client::FiefUserInfo;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{EMAIL, fief, one, status};

/// Stands for a Redis that two machines share.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<HashMap<String, (FiefUserInfo, Duration)>>>);

impl UserCache for Shared {
    async fn get(&self, key: &UserKey) -> Option<FiefUserInfo> {
        let users = self.0.lock().unwrap();
        users.get(&key.to_string()).map(|(user, _)| user.clone())
    }

    async fn insert(&self, key: &UserKey, user: &FiefUserInfo, time_to_live: Duration) {
        let mut users = self.0.lock().unwrap();
        users.insert(key.to_string(), (user.clone(), time_to_live));
    }

    async fn remove(&self, key: &UserKey) {
        self.0.lock().unwrap().remove(&key.to_string());
    }
}

fn auth(server: &FiefTestServer, cache: &Shared) -> FiefAuth {
    let builder = FiefAuth::builder(fief(server)).user_cache(cache.clone());
    builder
        .user_cache_ttl(Duration::from_secs(60))
        .build()
        .unwrap()
}

fn app(auth: &FiefAuth) -> Router {
    one(get(async |_: CurrentUser| "inside")).layer(auth.layer())
}

/// D16, RB-8
#[tokio::test]
async fn machines_share_what_they_know_under_issuer_and_user() {
    let server = FiefTestServer::start().await;
    let cache = Shared::default();
    let (first, second) = (app(&auth(&server, &cache)), app(&auth(&server, &cache)));
    let token = server.access_token().mint();

    assert_eq!(status(&first, &token).await, 200);
    assert_eq!(status(&second, &token).await, 200);

    assert_eq!(server.requests(Endpoint::Userinfo), 1);
    let users = cache.0.lock().unwrap();
    let key = format!("{} {}", server.issuer(), server.user_id(EMAIL));
    assert_eq!(users[&key].1, Duration::from_secs(60));
}

/// RB-8
#[tokio::test]
async fn what_does_not_belong_in_the_cache_is_not_believed() {
    let server = FiefTestServer::start().await;
    let cache = Shared::default();
    let app = app(&auth(&server, &cache));
    let token = server.access_token().mint();
    status(&app, &token).await;
    for (user, _) in cache.0.lock().unwrap().values_mut() {
        user.sub = "ca19f041-618e-417a-a68a-3840a568fb8f".parse().unwrap();
    }

    assert_eq!(status(&app, &token).await, 200);
    assert_eq!(server.requests(Endpoint::Userinfo), 2);
}

/// RB-8
#[tokio::test]
async fn a_rejection_and_an_invalidation_remove_the_user() {
    let server = FiefTestServer::start().await;
    let cache = Shared::default();
    let auth = auth(&server, &cache);
    let (app, token) = (app(&auth), server.access_token().mint());

    status(&app, &token).await;
    auth.invalidate_user(server.user_id(EMAIL)).await;
    assert!(cache.0.lock().unwrap().is_empty());
    server.fault(Endpoint::Userinfo, Fault::status(401));
    assert_eq!(status(&app, &token).await, 401);
    assert!(cache.0.lock().unwrap().is_empty());
}

/// D16, RB-8
#[tokio::test]
async fn a_cached_user_that_is_inactive_is_fetched() {
    let server = FiefTestServer::start().await;
    let cache = Shared::default();
    let app = app(&auth(&server, &cache));
    let token = server.access_token().mint();
    status(&app, &token).await;
    for (user, _) in cache.0.lock().unwrap().values_mut() {
        user.is_active = Some(false);
    }

    assert_eq!(status(&app, &token).await, 200);
    assert_eq!(server.requests(Endpoint::Userinfo), 2);
}
