//! ID tokens that Fief encrypts to the client.

use fief_client::Fief;
use fief_test_server::{Algorithm, FiefTestServer, IdTokenBuilder};
use serde_json::{Value, json};

use super::{
    builder, fief,
    id_token::{JWT_IO, exchanged, invalid, verified},
};

/// C61, IT-5
#[tokio::test]
async fn an_encrypted_id_token_is_opened_with_its_key() {
    let server = FiefTestServer::start().await;
    let fief = encrypted(&server);
    assert!(
        verified(&server, &fief, IdTokenBuilder::encrypted)
            .await
            .is_ok()
    );
}

/// C61: the error says what to do.
#[tokio::test]
async fn an_encrypted_id_token_without_a_key_is_rejected() {
    let server = FiefTestServer::start().await;
    let rejected = verified(&server, &fief(&server), IdTokenBuilder::encrypted).await;
    assert!(rejected.unwrap_err().to_string().contains("encryption_key"));
}

/// C61, C62, IT-5: no downgrade.
#[tokio::test]
async fn with_a_key_only_encrypted_id_tokens_are_accepted() {
    let server = FiefTestServer::start().await;
    let fief = encrypted(&server);
    invalid(verified(&server, &fief, |token| token).await);
    invalid(exchanged(&server, &fief, JWT_IO.into()).await);
}

/// IT-8
#[tokio::test]
async fn what_was_encrypted_must_be_signed() {
    let server = FiefTestServer::start().await;
    let fief = encrypted(&server);
    for algorithm in [Algorithm::None, Algorithm::Hs256(b"secret".to_vec())] {
        let make = |token: IdTokenBuilder| token.encrypted().algorithm(algorithm.clone());
        invalid(verified(&server, &fief, make).await);
    }
    invalid(verified(&server, &fief, |token| token.encrypted().unpublished_key()).await);
}

/// C61: the new key beside the old one.
#[tokio::test]
async fn several_keys_can_be_set() {
    let server = FiefTestServer::start().await;
    let mut other: Value = serde_json::from_str(&server.encryption_key()).unwrap();
    other["kid"] = json!("older");
    let fief = builder(&server)
        .encryption_key(other.to_string())
        .encryption_key(server.encryption_key())
        .build()
        .unwrap();
    assert!(
        verified(&server, &fief, IdTokenBuilder::encrypted)
            .await
            .is_ok()
    );
}

fn encrypted(server: &FiefTestServer) -> Fief {
    builder(server)
        .encryption_key(server.encryption_key())
        .build()
        .unwrap()
}
