use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use fief_client::Fief;
use fief_test_server::FiefTestServer;
use tokio::runtime::Runtime;

use super::{MINUTE, fetches, token, validate};

/// DJ-8, DJ-11: a key that came between the look and the fetch is found.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_came_meanwhile_is_found() {
    let server = FiefTestServer::start().await;
    let new = Arc::new(OnceLock::<String>::new());
    let theirs = Arc::clone(&new);
    let (fief, looks) = interrupted(&server, move |fief| {
        elsewhere(validate(fief, theirs.get().unwrap())).unwrap();
    });
    fief.prefetch_keys().await.unwrap();
    server.reset_requests();
    server.rotate_key();
    new.set(token(&server, 0)).unwrap();
    looks.store(0, Ordering::Relaxed);
    validate(&fief, &token(&server, 1)).await.unwrap();
    assert_eq!(fetches(&server), 1);
}

/// FD-21, DJ-11: also if it is that of a login, whose budget the other one has used up.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_login_that_came_meanwhile_is_found() {
    let server = FiefTestServer::start().await;
    let new = Arc::new(OnceLock::<String>::new());
    let theirs = Arc::clone(&new);
    let (fief, looks) = interrupted(&server, move |fief| {
        elsewhere(fief.validate_session_token(theirs.get().unwrap())).unwrap();
    });
    fief.prefetch_keys().await.unwrap();
    server.reset_requests();
    server.rotate_key();
    new.set(token(&server, 0)).unwrap();
    looks.store(0, Ordering::Relaxed);
    fief.validate_session_token(&token(&server, 1))
        .await
        .unwrap();
    assert_eq!(fetches(&server), 1);
}

/// DJ-8: and when the whole set came meanwhile, it is not fetched again.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_came_meanwhile_are_not_fetched_again() {
    let server = Arc::new(FiefTestServer::start().await);
    let theirs = Arc::clone(&server);
    let (fief, looks) = interrupted(&server, move |fief| {
        theirs.advance(11 * MINUTE);
        elsewhere(fief.prefetch_keys()).unwrap();
    });
    fief.prefetch_keys().await.unwrap();
    server.reset_requests();
    server.rotate_key();
    looks.store(0, Ordering::Relaxed);
    validate(&fief, &token(&server, 1)).await.unwrap();
    assert_eq!(fetches(&server), 1);
}

/// A client with whose keys something is done when it looks at the clock for the third time, and the number of these
/// looks: a validation does when it begins, when it requests the keys, and before it fetches an unknown one.
fn interrupted(
    server: &FiefTestServer,
    act: impl Fn(&Fief) + Send + Sync + 'static,
) -> (Fief, Arc<AtomicUsize>) {
    let looks = Arc::new(AtomicUsize::new(usize::MAX / 2));
    let slot = Arc::new(OnceLock::<Fief>::new());
    let (clock, counted, client) = (server.clock(), Arc::clone(&looks), Arc::clone(&slot));
    let clock = move || {
        if counted.fetch_add(1, Ordering::Relaxed) == 2 {
            act(client.get().unwrap());
        }
        clock()
    };
    let fief = crate::client::builder(server).clock(clock).build().unwrap();
    slot.set(fief.clone()).unwrap();
    (fief, looks)
}

/// Runs to its end on another thread what waits for Fief.
fn elsewhere<T: Send>(work: impl Future<Output = T> + Send) -> T {
    thread::scope(|scope| {
        let run = scope.spawn(|| Runtime::new().unwrap().block_on(work));
        run.join().unwrap()
    })
}
