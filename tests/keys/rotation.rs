use super::{MINUTE, connected, fetches, token, validate};
use fief_client::FiefError;

/// DJ-11: without a restart, within one fetch (OIDF: signing-key-rotation, just-before-signing).
#[tokio::test]
async fn a_new_key_is_usable_at_its_first_token() {
    let (server, fief) = connected().await;
    validate(&fief, &token(&server, 0)).await.unwrap();
    server.rotate_key();
    validate(&fief, &token(&server, 1)).await.unwrap();
    assert_eq!(fetches(&server), 1);
}

/// DJ-11: the old key stays good for as long as it is published.
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
