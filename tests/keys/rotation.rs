use std::pin::pin;

use aws_lc_rs::rsa::KeySize;
use fief_client::FiefError;
use fief_test_server::{Endpoint, Fault};
use serde_json::json;
use tracing::Level;

use super::{MINUTE, connected, fetches, poll_once, token, validate};
use crate::{
    client::{log::Log, wait_for_requests, wait_until},
    token::{HEADER, Signer, World, assert_invalid, encode},
};

/// DJ-11: without a restart, within one fetch (OIDF: signing-key-rotation, just-before-signing).
#[tokio::test]
async fn a_new_key_is_usable_at_its_first_token() {
    let (server, fief) = connected().await;
    validate(&fief, &token(&server, 0)).await.unwrap();
    server.rotate_key();
    validate(&fief, &token(&server, 1)).await.unwrap();
    assert_eq!(fetches(&server), 1);
}

/// DJ-11: the old key stays valid for as long as it is published.
#[tokio::test]
async fn keys_can_overlap() {
    let (server, fief) = connected().await;
    let (old, kid) = (token(&server, 0), server.kid());
    server.add_key();
    let new = token(&server, 1);
    validate(&fief, &new).await.unwrap();
    validate(&fief, &old).await.unwrap();
    server.remove_key(&kid);
    server.advance(10 * MINUTE);
    validate(&fief, &new).await.unwrap();
    let gone = validate(&fief, &old).await;
    assert!(matches!(gone, Err(FiefError::AccessTokenInvalid(_))));
}

/// DJ-11: every half minute, one after the other.
#[tokio::test]
async fn keys_can_rotate_again_and_again() {
    let (server, fief) = connected().await;
    for number in 0..4 {
        server.rotate_key();
        validate(&fief, &token(&server, number)).await.unwrap();
        server.advance(MINUTE / 2);
    }
    assert_eq!(fetches(&server), 4);
}

/// TV-25: a key is its id, modulus and exponent; a set in which one of them is another has another key.
#[tokio::test]
async fn a_key_of_which_anything_changed_is_another() {
    let other = Signer::new(KeySize::Rsa2048);
    let renamed = HEADER.replace("signer", "renamed");
    for (member, value, new) in [
        (
            "kid",
            json!("renamed"),
            Some((&*Signer::shared(), &*renamed)),
        ),
        ("n", other.jwk()["n"].clone(), Some((&other, HEADER))),
        ("e", json!(encode([3])), None),
    ] {
        let world = World::start().await;
        let fief = world.builder().build().unwrap();
        let token = world.token();
        validate(&fief, &token).await.unwrap();
        let mut changed = world.signer.jwk();
        changed[member] = value;
        world.publish([changed]);
        world.server.advance(10 * MINUTE);
        assert_invalid(validate(&fief, &token).await, member);
        if let Some((signer, header)) = new {
            let token = signer.sign(header, world.claims().to_string());
            validate(&fief, &token).await.unwrap();
        }
    }
}

/// TV-25: a caller that waited for a failed attempt does not use keys that were removed meanwhile.
#[tokio::test]
async fn a_key_that_was_removed_during_the_wait_is_not_used() {
    let (log, _guard) = Log::of(Level::WARN);
    let (server, fief) = connected().await;
    let old = token(&server, 0);
    server.advance(11 * MINUTE);
    server.fault(Endpoint::Jwks, Fault::hang());
    let mut waiting = pin!(validate(&fief, &old));
    assert!(poll_once(waiting.as_mut()).await.is_none());
    wait_for_requests(&server, Endpoint::Jwks, 1).await;
    // The attempt fails, since there is no key, and the waiting caller is not polled.
    server.remove_key(&server.kid());
    server.clear_faults();
    wait_until(async || log.text().contains("failed to fetch the signing keys")).await;
    server.rotate_key();
    validate(&fief, &token(&server, 1)).await.unwrap();
    assert_invalid(validate(&fief, &old).await, "afterwards");
    assert_invalid(waiting.await, "waited");
}
