use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use fief_client::{AuthorizationRequest, Fief, FiefError, Requirements, Tenants};
use fief_test_server::{Client, FiefTestServer};

use super::CALLBACK;

/// C16, Q02: each tenant with its own issuer and keys.
#[tokio::test]
async fn each_tenant_has_its_own_client() {
    let server = FiefTestServer::builder()
        .tenant("second")
        .client(Client::new("one").secret("SECRET"))
        .client(Client::new("two").secret("SECRET").tenant("second"))
        .start()
        .await
        .unwrap();
    let base = server.url().to_owned();
    let tenants = Tenants::new(10, move |tenant| match tenant {
        "first" => Some(Fief::builder(&base, "one")),
        "second" => Some(Fief::builder(format!("{base}/second"), "two")),
        _ => None,
    });
    let second = tenants.get("second").unwrap().unwrap();
    let url = second
        .auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap();
    assert_eq!(url.path(), "/second/authorize");

    let token = server.access_token().client("two").tenant("second").mint();
    let any = Requirements::new();
    assert!(second.validate_access_token(&token, &any).await.is_ok());
    let first = tenants.get("first").unwrap().unwrap();
    assert!(first.validate_access_token(&token, &any).await.is_err());
    assert!(tenants.get("third").unwrap().is_none());
}

/// RB-2: created once, bounded, and created again after an eviction.
#[test]
fn clients_are_made_lazily_and_kept_within_bounds() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    let tenants = Tenants::new(4, move |tenant| {
        counter.fetch_add(1, Ordering::Relaxed);
        Some(Fief::builder(
            format!("https://fief.example.com/{tenant}"),
            "ID",
        ))
    });
    assert_eq!(made.load(Ordering::Relaxed), 0);
    for _ in 0..3 {
        tenants.get("one").unwrap().unwrap();
    }
    assert_eq!(made.load(Ordering::Relaxed), 1);
    tenants.remove("one");
    tenants.get("one").unwrap().unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 2);
    for i in 0..20 {
        tenants.get(&i.to_string()).unwrap().unwrap();
    }
    assert!(format!("{tenants:?}").contains("known: 4"), "{tenants:?}");
}

/// RB-2: a failure is not kept.
#[test]
fn a_tenant_that_is_set_up_wrongly_is_an_error() {
    let tenants = Tenants::new(4, |_| Some(Fief::builder("http://fief.example.com", "ID")));
    for _ in 0..2 {
        assert!(matches!(
            tenants.get("one"),
            Err(FiefError::Configuration(_))
        ));
    }
}
