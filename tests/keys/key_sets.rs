use aws_lc_rs::rsa::KeySize;
use fief_client::{FiefAccessTokenInfo, FiefError};
use serde_json::{Value, json};

use super::MINUTE;
use crate::token::{HEADER, Signer, World, assert_invalid, encode};

/// Validates a valid token with such a key set.
async fn with_keys(keys: Vec<Value>) -> Result<FiefAccessTokenInfo, FiefError> {
    let world = World::start().await;
    world.publish(keys);
    world.validate(&world.token()).await
}

/// The good key, changed.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut key = Signer::shared().jwk();
    change(&mut key);
    key
}

/// DJ-12, DJ-13: keys of other kinds and broken ones do no harm.
#[tokio::test]
async fn one_bad_key_does_not_spoil_the_rest() {
    let good = Signer::shared().jwk();
    let bad = [
        json!(null),
        json!(1),
        json!({}),
        json!([]),
        json!({"kty": "oct", "k": "AA", "kid": "signer"}),
        json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "signer"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}),
        json!({"kty": "new", "kid": "signer"}),
        json!({"kty": 1}),
        changed(|key| key["kid"] = json!(1)),
        changed(|key| key["n"] = json!("!")),
        changed(|key| key["n"] = json!(null)),
        changed(|key| drop(key.as_object_mut().unwrap().remove("e"))),
    ];
    for bad in bad {
        with_keys(vec![bad.clone(), good.clone(), bad])
            .await
            .unwrap();
    }
}

/// TV-8
#[tokio::test]
async fn a_key_for_another_purpose_is_not_used() {
    for (name, value) in [
        ("use", json!("enc")),
        ("use", json!("SIG")),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!([])),
        ("key_ops", json!(["encrypt", "wrapKey"])),
        ("alg", json!("RS512")),
        ("alg", json!("RSA-OAEP-256")),
        ("alg", json!("none")),
        ("kty", json!("EC")),
    ] {
        let result = with_keys(vec![changed(|key| key[name] = value.clone())]).await;
        assert!(
            matches!(result, Err(FiefError::ResponseInvalid(_))),
            "{name}: {value}"
        );
    }
    for name in ["use", "alg"] {
        let bare = changed(|key| drop(key.as_object_mut().unwrap().remove(name)));
        with_keys(vec![bare]).await.unwrap();
    }
    with_keys(vec![changed(|key| key["key_ops"] = json!(["verify"]))])
        .await
        .unwrap();
}

/// TV-9
#[tokio::test]
async fn a_weak_or_absurd_key_is_not_used() {
    let modulus = Signer::shared().modulus();
    let with = |name: &str, bytes: &[u8]| changed(|key| key[name] = encode(bytes).into());
    let mut even = modulus.clone();
    even[255] &= 0xfe;
    let bad = [
        with("n", &modulus[..64]),
        with("n", &modulus[..128]),
        with("n", &modulus[..255]),
        with("n", &[0; 256]),
        with("n", &[]),
        with("n", &[&[0], modulus.as_slice()].concat()),
        with("n", &[0x81; 1025]),
        with("n", &[0x81; 8192]),
        with("n", &even),
        with("e", &[]),
        with("e", &[0]),
        with("e", &[1]),
        with("e", &[2]),
        with("e", &[1, 0, 0]),
        with("e", &[0, 1, 0, 1]),
        with("e", &[1, 0, 0, 0, 1]),
        with("e", &[0xff; 256]),
    ];
    for bad in bad {
        let result = with_keys(vec![bad.clone()]).await;
        assert!(
            matches!(result, Err(FiefError::ResponseInvalid(_))),
            "{bad}"
        );
    }
}

/// TV-9: what is just within the bounds is used, what is just outside of them is not.
#[tokio::test]
async fn keys_at_the_bounds_are_used() {
    let after = |first: &[u8], rest| [first, &vec![0x81; rest]].concat();
    for (member, bytes, is_good) in [
        ("n", after(&[], 1024), true),
        ("n", after(&[], 256), true),
        ("n", after(&[0x7f], 255), false),
        ("n", after(&[0x01], 255), false),
        ("n", after(&[0x01], 256), false),
        ("e", vec![3], true),
        ("e", vec![0x80, 0, 0, 1], true),
    ] {
        let world = World::start().await;
        world.publish([changed(|key| key[member] = encode(&bytes).into())]);
        let result = world.builder().build().unwrap().prefetch_keys().await;
        let length = bytes.len();
        assert_eq!(result.is_ok(), is_good, "{member} {length} {:?}", bytes[0]);
    }
}

/// TV-9
#[tokio::test]
async fn longer_keys_verify_too() {
    for size in [KeySize::Rsa3072, KeySize::Rsa4096] {
        let (world, signer) = (World::start().await, Signer::new(size));
        world.publish([signer.jwk()]);
        let token = signer.sign(HEADER, world.claims().to_string());
        world.validate(&token).await.unwrap();
    }
}

/// DJ-13
#[tokio::test]
async fn the_number_of_keys_is_bounded() {
    let many = |count: usize| {
        let others = (1..count).map(|i| changed(|key| key["kid"] = i.to_string().into()));
        others.chain([Signer::shared().jwk()]).collect::<Vec<_>>()
    };
    with_keys(many(64)).await.unwrap();
    let result = with_keys(many(65)).await;
    assert!(
        matches!(result, Err(FiefError::ResponseInvalid(_))),
        "{result:?}"
    );
}

/// TV-8, FD-73: up to four, wherever the right one is.
#[tokio::test]
async fn each_key_of_an_id_is_tried() {
    let good = Signer::shared().jwk();
    let others: Vec<_> = (0..4).map(|_| namesake()).collect();
    for at in 0..5 {
        let mut keys = others.clone();
        keys.insert(at, good.clone());
        let result = with_keys(keys).await;
        assert_eq!(result.is_ok(), at < 4, "{at}: {result:?}");
    }
    // The same key again takes no place.
    let mut repeated = vec![others[0].clone(); 10];
    repeated.push(good);
    with_keys(repeated).await.unwrap();
    assert_invalid(with_keys(others).await, "none of them");
}

/// TV-8, TV-25, FD-73: of keys with one id too, only those that are published count.
#[tokio::test]
async fn a_removed_key_of_a_shared_id_stops_verifying() {
    let world = World::start().await;
    let (other, good) = (namesake(), Signer::shared().jwk());
    world.publish([other.clone(), good.clone()]);
    let fief = world.builder().build().unwrap();
    let token = world.token();
    super::validate(&fief, &token).await.unwrap();
    world.publish([other.clone()]);
    world.server.advance(10 * MINUTE);
    assert_invalid(super::validate(&fief, &token).await, "removed");
    world.publish([other, good]);
    world.server.advance(10 * MINUTE);
    super::validate(&fief, &token).await.unwrap();
}

/// DJ-7, FD-73: a signature of none of them is no reason to fetch.
#[tokio::test]
async fn a_wrong_signature_under_a_shared_id_fetches_nothing() {
    let world = World::start().await;
    world.publish([namesake(), namesake()]);
    let fief = world.builder().build().unwrap();
    fief.prefetch_keys().await.unwrap();
    for _ in 0..3 {
        assert_invalid(super::validate(&fief, &world.token()).await, "a stranger's");
    }
    assert_eq!(super::fetches(&world.server), 1);
}

/// Another key with the id of the good one.
fn namesake() -> Value {
    Signer::new(KeySize::Rsa2048).jwk()
}

/// TV-7, TV-8: and no token's that names one.
#[tokio::test]
async fn a_key_without_an_id_is_for_tokens_without_one() {
    let world = World::start().await;
    world.publish([changed(|key| {
        drop(key.as_object_mut().unwrap().remove("kid"))
    })]);
    assert_invalid(world.validate(&world.token()).await, "a key id");
    let claims = world.claims().to_string();
    let nameless = world.signer.sign(r#"{"alg":"RS256"}"#, claims);
    world.validate(&nameless).await.unwrap();
}

/// DJ-13: of a private key that was published by mistake nothing is kept or shown.
#[tokio::test]
async fn a_private_key_is_not_kept() {
    let key = changed(|key| key["d"] = "c2VjcmV0LWV4cG9uZW50".into());
    let world = World::start().await;
    world.publish([key]);
    let fief = world.builder().build().unwrap();
    fief.prefetch_keys().await.unwrap();
    let info = super::validate(&fief, &world.token()).await.unwrap();
    assert!(!format!("{fief:?}{info:?}").contains("c2VjcmV0"));
}
