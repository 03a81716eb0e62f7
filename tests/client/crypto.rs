use fief_client::{
    FiefAcr, crypto,
    pkce::{self, CodeChallengeMethod},
};

/// C02
#[test]
fn acr_levels_are_ordered() {
    let mut levels = [FiefAcr::LevelOne, FiefAcr::LevelZero, FiefAcr::LevelOne];
    levels.sort();
    assert_eq!(
        levels,
        [FiefAcr::LevelZero, FiefAcr::LevelOne, FiefAcr::LevelOne]
    );
    assert!(FiefAcr::LevelZero < FiefAcr::LevelOne);
}

/// C70
#[test]
fn validation_hashes_are_those_of_fiefs_clients() {
    let access_token = "hwQJupLaFEDG4WpDamm7kfeSwr0yY0OdCoF_dSJAwjM";
    assert_eq!(
        crypto::get_validation_hash("foobar"),
        "w6uP8Tcg6K2QR905Rms8iQ"
    );
    assert_eq!(
        crypto::get_validation_hash(access_token),
        "iYMQP6yo0iXDaG_of0Y4IQ"
    );
}

/// C73
#[test]
fn a_hash_is_valid_for_its_value_only() {
    assert!(crypto::is_valid_hash("foobar", "w6uP8Tcg6K2QR905Rms8iQ"));
    for wrong in [
        "",
        "w6uP8Tcg6K2QR905Rms8i",
        "W6uP8Tcg6K2QR905Rms8iQ",
        "w6uP8Tcg6K2QR905Rms8iQ==",
    ] {
        assert!(!crypto::is_valid_hash("foobar", wrong), "{wrong}");
    }
}

/// C71
#[test]
fn a_verifier_has_128_unreserved_characters_and_is_new_each_time() {
    let verifier = pkce::get_code_verifier().unwrap();
    assert_eq!(verifier.len(), 128);
    assert!(
        verifier
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    );
    assert_ne!(verifier, pkce::get_code_verifier().unwrap());
}

/// C72: an unknown method cannot be written.
#[test]
fn challenges_are_those_of_the_method() {
    let challenge = |method| pkce::get_code_challenge("CODE", method);
    assert_eq!(challenge(CodeChallengeMethod::Plain), "CODE");
    assert_eq!(
        challenge(CodeChallengeMethod::S256),
        "B6nXtKmiORWmG8ibsDV79Hs0jPQXTrllux34-_oYsLU"
    );
}

/// C72: RFC 7636, appendix B.
#[test]
fn the_challenge_of_rfc_7636_is_computed() {
    let challenge = pkce::get_code_challenge(
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        CodeChallengeMethod::S256,
    );
    assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}
