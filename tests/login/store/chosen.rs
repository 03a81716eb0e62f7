//! The suites that are about no store in particular, with sessions in each store.

use std::{
    collections::HashMap,
    env,
    process::Command,
    sync::{Arc, Mutex},
};

use fief_test_server::FiefTestServer;
use tokio::{
    runtime::{Handle, Id as RuntimeId},
    sync::OnceCell,
};
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};
use tower_sessions_redis_store::{RedisStore, fred::prelude::Pool};
use tower_sessions_sqlx_store::SqliteStore;

use super::{Memory, redis, sqlite};

/// A store that is connected to when it is first used.
#[derive(Clone, Debug)]
pub enum Chosen {
    Memory(Memory),
    Redis(Arc<OnceCell<RedisStore<Pool>>>),
    Sqlite(Arc<OnceCell<SqliteStore>>),
}

/// Returns the store of a test's applications, or `None` if sessions are in cookies, as they are outside
/// of a runtime.
pub fn chosen(server: &FiefTestServer) -> Option<Chosen> {
    static STORES: Mutex<Option<HashMap<(RuntimeId, String), Chosen>>> = Mutex::new(None);
    let new = match env::var(VARIABLE).as_deref() {
        Ok("memory") => Chosen::Memory(Memory::default()),
        Ok("redis") => Chosen::Redis(Arc::default()),
        Ok("sqlite") => Chosen::Sqlite(Arc::default()),
        Ok(_) | Err(_) => return None,
    };
    // A test has a runtime of its own, while ports are used again.
    let runtime = Handle::try_current().ok()?;
    let key = (runtime.id(), server.url().to_owned());
    let mut stores = STORES.lock().unwrap();
    let stores = stores.get_or_insert_default();
    Some(stores.entry(key).or_insert(new).clone())
}

/// Calls a method of the store, which is connected to first.
macro_rules! call {
    ($self:ident.$method:ident($argument:ident)) => {
        match $self {
            Chosen::Memory(store) => store.$method($argument).await,
            Chosen::Redis(cell) => {
                let store = cell.get_or_init(redis::store).await;
                store.$method($argument).await
            }
            Chosen::Sqlite(cell) => {
                let store = cell.get_or_init(sqlite::store).await;
                store.$method($argument).await
            }
        }
    };
}

#[async_trait::async_trait]
impl SessionStore for Chosen {
    async fn create(&self, record: &mut Record) -> Result<()> {
        call!(self.create(record))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        call!(self.save(record))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        call!(self.load(id))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        call!(self.delete(id))
    }
}

/// Runs this binary's suites of logins again, in a process of its own.
fn run_suites_with(store: &str) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.env(VARIABLE, store).arg("login::");
    let others = [
        "browser::",
        "client::",
        "contract::",
        "login::opened::",
        "login::store::",
    ];
    for skipped in IN_COOKIES.iter().chain(&others) {
        command.args(["--skip", skipped]);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(!text.contains(" 0 passed"), "{text}");
}

/// D11
#[test]
fn the_suites_of_logins_pass_with_sessions_in_memory() {
    run_suites_with("memory");
}

/// D11
#[test]
fn the_suites_of_logins_pass_with_sessions_in_sqlite() {
    run_suites_with("sqlite");
}

/// D11
#[test]
#[ignore = "needs Redis"]
fn the_suites_of_logins_pass_with_sessions_in_redis() {
    run_suites_with("redis");
}

const VARIABLE: &str = "FIEF_TESTS_STORE";
/// Tests of what is different if the session itself is in the cookies.
const IN_COOKIES: [&str; 10] = [
    "in_cookies",
    "account::a_handler_gets_a_valid_token_however_long_it_takes",
    "late::a_late_response_writes_a_session_that_the_browser_does_not_have",
    "late::a_response_writes_no_session_that_was_refreshed_again",
    "late::a_response_that_outlasts_a_refresh_writes_no_session",
    "promise::a_response_that_does_not_write_the_session_leaves_that_to_the_next_one",
    "refresh::the_old_session_stands_for_the_new_one_for_half_a_minute",
    "refresh::two_hundred_requests_of_an_expired_session_refresh_it_once",
    "session::a_session_that_does_not_fit_is_rejected_whole",
    "session::each_cookie_fits_and_a_smaller_session_clears_the_rest",
];
