use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::SystemTime,
};

use fief_client::{Fief, FiefError};
use fief_tests::OwnFief;

use super::{MINUTE, validate};
use crate::web::metrics::Counts;

const FETCHES: &str = "fief_client_requests_total /.well-known/jwks.json 200";

/// A client whose clock is some minutes ahead.
fn client(server: &OwnFief, ahead: &Arc<AtomicU32>) -> Fief {
    let ahead = Arc::clone(ahead);
    Fief::builder(&server.fief.base_url, server.client_id())
        .clock(move || SystemTime::now() + MINUTE * ahead.load(Ordering::Relaxed))
        .build()
        .unwrap()
}

async fn is_rejected(fief: &Fief, token: &str) -> bool {
    let rejected = validate(fief, token).await;
    matches!(rejected, Err(FiefError::AccessTokenInvalid(_)))
}

/// DJ-11, TV-25: by the first token of the new key, which costs one fetch, else within ten minutes.
#[tokio::test]
#[ignore = "needs the real Fief"]
async fn keys_of_the_real_fief_change_with_its_database() {
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let mut server = OwnFief::start().await;
    let ahead = Arc::default();
    let fief = client(&server, &ahead);
    let first = server.access_token().await;
    validate(&fief, &first).await.unwrap();

    server.replace_database().await;
    let second = server.access_token().await;
    validate(&fief, &first).await.unwrap();
    validate(&fief, &second).await.unwrap();
    assert_eq!(counts.of(FETCHES), 2);
    assert!(is_rejected(&fief, &first).await);

    server.replace_database().await;
    validate(&fief, &second).await.unwrap();
    ahead.store(10, Ordering::Relaxed);
    assert!(is_rejected(&fief, &second).await);
}
