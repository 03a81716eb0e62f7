//! Each way to declare a requirement requires the same.

use std::time::Duration;

use axum::{Router, routing::get};
use fief_axum::{Authorized, FiefAuth, Policy, RequireLayer};
use fief_client::{FiefAcr, Requirements};
use fief_test_server::{AccessTokenBuilder, FiefTestServer};

use super::{api, authorized::strict, call, guarded, one, send};

/// A kind of requirement: how it is declared, a token that lacks only that, and the response.
struct Kind {
    requirements: fn() -> Requirements,
    setter: fn(RequireLayer) -> RequireLayer,
    lacking: fn(AccessTokenBuilder) -> AccessTokenBuilder,
    response: (u16, &'static str),
}

const KINDS: [Kind; 5] = [
    Kind {
        requirements: || Requirements::new().acr(FiefAcr::LevelOne),
        setter: |guard| guard.acr(FiefAcr::LevelOne),
        lacking: |token| token.acr("0"),
        response: (401, "insufficient_user_authentication"),
    },
    Kind {
        requirements: || Requirements::new().any_permission(["build", "burn"]),
        setter: |guard| guard.any_permission(["build", "burn"]),
        lacking: |token| token,
        response: (403, "insufficient_permissions"),
    },
    Kind {
        requirements: || Requirements::new().max_age(Duration::from_secs(60)),
        setter: |guard| guard.max_age(Duration::from_secs(60)),
        lacking: |token| token.authenticated_ago(Duration::from_secs(200)),
        response: (401, "insufficient_user_authentication"),
    },
    Kind {
        requirements: || Requirements::new().permission("staff"),
        setter: |guard| guard.permission("staff"),
        lacking: |token| token.permissions(["create"]),
        response: (403, "insufficient_permissions"),
    },
    Kind {
        requirements: || Requirements::new().scope("castles"),
        setter: |guard| guard.scope("castles"),
        lacking: |token| token.claim("scope", "openid"),
        response: (403, "insufficient_scope"),
    },
];

struct Named<const KIND: usize>;

impl<const KIND: usize> Policy for Named<KIND> {
    fn requirements() -> Requirements {
        (KINDS[KIND].requirements)()
    }
}

/// An application for each way to declare it.
fn applications<const KIND: usize>(auth: &FiefAuth) -> [Router; 5] {
    let kind = &KINDS[KIND];
    let other = Requirements::new().scope("openid");
    [
        guarded((kind.setter)(auth.require())),
        guarded(auth.require().requirements((kind.requirements)())),
        guarded(
            auth.require()
                .requirements(other.and((kind.requirements)())),
        ),
        guarded(auth.require().policy::<Named<KIND>>()),
        one(get(async |_: Authorized<Named<KIND>>| "inside")).layer(auth.layer()),
    ]
}

/// FD-70, D25
#[tokio::test]
async fn each_kind_of_requirement_is_the_same_however_it_is_declared() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let applications = [
        applications::<0>(&auth),
        applications::<1>(&auth),
        applications::<2>(&auth),
        applications::<3>(&auth),
        applications::<4>(&auth),
    ];
    for (kind, applications) in KINDS.iter().zip(applications) {
        let token = (kind.lacking)(strict(&server)).mint();
        for app in applications {
            let response = send(&app, call(&token)).await;
            assert_eq!(
                (response.status.as_u16(), &*response.error()),
                kind.response
            );
        }
    }
}
