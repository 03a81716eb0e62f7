use fief_client::FiefError;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::json;

use super::{deployments::document, discover, fief};
use crate::token::{SUB, World};

/// DJ-4: bounded while it streams, regardless of the length it claims.
#[tokio::test]
async fn a_body_that_is_too_large_is_rejected() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::huge(20_000_000));
    let error = discover(&fief(&server)).await.unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
}

/// DJ-4: of an error 2 KB are kept.
#[tokio::test]
async fn a_large_error_is_cut_to_2_kb() {
    let server = FiefTestServer::start().await;
    server.fault(
        Endpoint::Discovery,
        Fault::status(500).body("x".repeat(1_000_000)),
    );
    let Err(FiefError::Request { detail, .. }) = discover(&fief(&server)).await else {
        panic!("another error");
    };
    assert_eq!(detail.as_str().len(), 2048);
}

/// DJ-4: to the byte.
#[tokio::test]
async fn a_body_may_be_as_large_as_its_bound() {
    let server = FiefTestServer::start().await;
    let good = document(&server).to_string();
    for (bytes, is_good) in [(128 * 1024, true), (128 * 1024 + 1, false)] {
        let body = format!("{good}{}", " ".repeat(bytes - good.len()));
        server.fault(Endpoint::Discovery, Fault::status(200).body(body));
        let result = discover(&fief(&server)).await;
        assert_eq!(result.is_ok(), is_good, "{result:?}");
    }
}

/// DJ-4
#[tokio::test]
async fn a_user_has_at_most_256_kb() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    for (bytes, is_good) in [(255 * 1024, true), (256 * 1024, false)] {
        let user = json!({"sub": SUB, "x": "x".repeat(bytes)});
        server.fault(Endpoint::Userinfo, Fault::json(user.clone()));
        server.fault(Endpoint::Password, Fault::json(user));
        let read = fief.userinfo("TOKEN").await;
        let changed = fief.change_password("TOKEN", "x").await;
        assert_eq!((read.is_ok(), changed.is_ok()), (is_good, is_good));
    }
}

/// DJ-4
#[tokio::test]
async fn a_key_set_has_at_most_512_kb() {
    for (bytes, is_good) in [(511 * 1024, true), (512 * 1024, false)] {
        let world = World::start().await;
        let keys = json!({"keys": [world.signer.jwk()], "x": "x".repeat(bytes)});
        world.server.fault(Endpoint::Jwks, Fault::json(keys));
        let result = world.validate(&world.token()).await;
        assert_eq!(result.is_ok(), is_good, "{result:?}");
    }
}
