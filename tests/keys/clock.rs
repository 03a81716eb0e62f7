use std::time::SystemTime;

use super::{MINUTE, connected, fetches, token, validate};

/// RB-9: a clock that was set back a little changes nothing, and one that was set back a lot gets new keys.
#[tokio::test]
async fn keys_from_another_time_are_fetched_again() {
    let (server, fief) = connected().await;
    let now = SystemTime::now();
    server.set_time(now - MINUTE / 2);
    validate(&fief, &token(&server, 0)).await.unwrap();
    assert_eq!(fetches(&server), 0);
    server.set_time(now - 60 * MINUTE);
    validate(&fief, &token(&server, 1)).await.unwrap();
    assert_eq!(fetches(&server), 1);
}
