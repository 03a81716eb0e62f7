use std::{sync::LazyLock, time::Duration};

use fief_client::{Fief, FiefAcr, Requirements};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::{HEADER, NOW, World};

struct Fixture {
    runtime: Runtime,
    fief: Fief,
    world: World,
    /// Of ACR 0 and 1.
    tokens: [String; 2],
}

/// One for all cases: tokens with two scopes and two permissions, a hundred seconds after the login.
static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::start());
    let mut claims = world.claims();
    claims["scope"] = "a b".into();
    claims["permissions"] = ["c", "d"].as_slice().into();
    claims["auth_time"] = (NOW - 100).into();
    let tokens = ["0", "1"].map(|acr| {
        claims["acr"] = acr.into();
        world.signer.sign(HEADER, claims.to_string())
    });
    world.stop_at(NOW);
    let fief = world.builder().leeway(Duration::ZERO).build().unwrap();
    runtime.block_on(fief.prefetch_keys()).unwrap();
    Fixture {
        runtime,
        fief,
        world,
        tokens,
    }
});

fn is_met(token: &str, requirements: &Requirements) -> bool {
    let validation = FIXTURE.fief.validate_access_token(token, requirements);
    FIXTURE.runtime.block_on(validation).is_ok()
}

#[derive(Clone, Debug)]
enum Requirement {
    Acr(bool),
    Any(Vec<String>),
    MaxAge(u64),
    Permission(String),
    Scope(String),
}

fn add(to: Requirements, requirement: &Requirement) -> Requirements {
    match requirement.clone() {
        Requirement::Acr(false) => to.acr(FiefAcr::LevelZero),
        Requirement::Acr(true) => to.acr(FiefAcr::LevelOne),
        Requirement::Any(permissions) => to.any_permission(permissions),
        Requirement::MaxAge(seconds) => to.max_age(Duration::from_secs(seconds)),
        Requirement::Permission(permission) => to.permission(permission),
        Requirement::Scope(scope) => to.scope(scope),
    }
}

fn requirement() -> impl Strategy<Value = Requirement> {
    // Most are met, so that now and then it is one of several that is not.
    prop_oneof![
        any::<bool>().prop_map(Requirement::Acr),
        prop::collection::vec("[b-d]", 0..3).prop_map(Requirement::Any),
        (98_u64..103).prop_map(Requirement::MaxAge),
        "[b-d]".prop_map(Requirement::Permission),
        "[a-c]".prop_map(Requirement::Scope),
    ]
}

proptest! {
    /// TV-20, TV-23: a token that does not meet some requirements does not meet more of them, in any order.
    #[test]
    fn requirements_are_monotone(all in prop::collection::vec(requirement(), 0..6), more in requirement(), acr in 0..2_usize) {
        let token = &FIXTURE.tokens[acr];
        let fewer = all.iter().fold(Requirements::new(), add);
        let with_more = add(fewer.clone(), &more);
        let before = add(Requirements::new(), &more);
        let reordered = all.iter().rev().fold(before, add);
        prop_assert!(!is_met(token, &with_more) || is_met(token, &fewer));
        prop_assert_eq!(is_met(token, &with_more), is_met(token, &reordered));
    }

    /// TV-4, TV-10: no change of a valid token, cached or not, is a valid token.
    #[test]
    fn a_changed_token_is_never_valid(at in any::<prop::sample::Index>(), byte in 0_u8..128, how in 0..3, seen in any::<bool>()) {
        let fixture = &*FIXTURE;
        let good = &fixture.tokens[1];
        prop_assert!(is_met(good, &Requirements::new()));
        let mut token = good.clone().into_bytes();
        let at = at.index(token.len());
        match how {
            0 => token[at] = byte,
            1 => token.insert(at, byte),
            _ => drop(token.remove(at)),
        }
        let token = String::from_utf8(token).unwrap();
        let result = fixture.runtime.block_on(async {
            if seen {
                fixture.fief.validate_access_token(&token, &Requirements::new()).await
            } else {
                fixture.world.validate(&token).await
            }
        });
        prop_assert_eq!(result.is_ok(), token == *good);
    }
}
