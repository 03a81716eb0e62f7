//! A store that a machine loses the connection to, and tries again later.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::Method;
use fief_test_server::{Endpoint, FiefTestServer, User};
use tokio::time::{sleep, timeout};
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::Memory;
use crate::{
    login::{
        Visitor, app, builder, logged_in,
        refresh::{LIFETIME, refreshing, server},
    },
    web::EMAIL,
};

const SECOND: Duration = Duration::from_secs(1);

/// Store of one machine, which loses its connection right after a save.
#[derive(Clone, Debug, Default)]
struct Cut {
    inner: Memory,
    is_armed: Arc<AtomicBool>,
    is_cut: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

impl Cut {
    fn go(&self) -> Result<()> {
        if self.is_cut.load(Ordering::SeqCst) {
            return Err(Error::Backend("cut".into()));
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[async_trait::async_trait]
impl SessionStore for Cut {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.go()?;
        self.inner.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.go()?;
        self.inner.save(record).await?;
        if self.is_armed.swap(false, Ordering::SeqCst) {
            self.is_cut.store(true, Ordering::SeqCst);
            return self.go();
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.go()?;
        self.inner.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.go()?;
        self.inner.delete(id).await
    }
}

/// Its save took effect, which it could not see. Meanwhile another machine goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_is_tried_again_later_replaces_no_newer_session() {
    let server = server().await;
    let cut = Cut::default();
    let sooner = || refreshing(&server).refresh_after(60 * SECOND);
    let (_, here) = logged_in(&server, sooner().session_store(cut.clone())).await;
    let there = sooner().session_store(cut.inner.clone()).build().unwrap();
    let mut there = here.at(app(&there));
    server.advance(61 * SECOND);
    cut.is_armed.store(true, Ordering::SeqCst);
    assert_eq!(here.clone().open("/castles").await.status, 200);
    assert!(cut.is_cut.load(Ordering::SeqCst));
    server.advance(61 * SECOND);
    assert_eq!(there.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 3);

    let before = cut.calls.load(Ordering::SeqCst);
    cut.is_cut.store(false, Ordering::SeqCst);
    let retried = async {
        while cut.calls.load(Ordering::SeqCst) == before {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(20 * SECOND, retried).await.unwrap();
    sleep(SECOND).await;

    server.advance(LIFETIME);
    assert_eq!(there.open("/castles").await.status, 200);
}

/// D11, SE-16: it took effect, which this machine could not see. A login elsewhere came after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_is_tried_again_ends_no_later_login() {
    let server = FiefTestServer::start().await;
    let cut = Cut::default();
    let (here, _) = logged_in(&server, builder(&server).session_store(cut.clone())).await;
    let there = builder(&server).session_store(cut.inner.clone());
    cut.is_armed.store(true, Ordering::SeqCst);
    let user = server.user_id(EMAIL);
    assert!(here.revoke_user_sessions(user).await.is_err());
    let (_, later) = logged_in(&server, there).await;

    let before = cut.calls.load(Ordering::SeqCst);
    cut.is_cut.store(false, Ordering::SeqCst);
    let at_both = async {
        while later.at(app(&here)).open("/castles").await.status != 200 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(20 * SECOND, at_both).await.unwrap();

    assert!(cut.calls.load(Ordering::SeqCst) > before);
    assert_eq!(later.clone().open("/castles").await.status, 200);
}

/// FD-5: Somebody logs out again and again while the store fails.
#[tokio::test(flavor = "multi_thread")]
async fn one_browser_keeps_no_other_logout_from_the_store() {
    a_logout_after_others(1000).await;
}

async fn a_logout_after_others(others: usize) {
    let server = FiefTestServer::builder()
        .user(User::new(EMAIL, "herminetincture"))
        .user(User::new("louis@example.com", "porcupine-and-crown"))
        .start()
        .await
        .unwrap();
    let store = Memory::default();
    let auth = || builder(&server).session_store(store.clone());
    let (here, mut anne) = logged_in(&server, auth()).await;
    let copied = anne.at(app(&auth().build().unwrap()));
    let mut louis = Visitor::new(app(&here));
    louis.log_in_as(&server, "louis@example.com").await;
    store.fail(true);
    for _ in 0..others {
        louis.clone().fetch(Method::POST, "/logout").await;
    }
    assert_eq!(anne.fetch(Method::POST, "/logout").await.status, 503);
    store.fail(false);
    let retried = async {
        while copied.clone().fetch(Method::GET, "/castles").await.status != 401 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(15 * SECOND, retried).await.unwrap();
}
