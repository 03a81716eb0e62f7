//! Several runs of a tool at once, each a process: this binary with one test, which does what the variables say.

use std::{
    env,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

use fief_client::{Fief, cli::FiefAuth};
use fief_test_server::Endpoint;
use tokio::time::sleep;

use super::{ANNE, DAY, Tool};
use crate::client::wait_until;

const URL: &str = "FIEF_TESTS_CLI_URL";
const PATH: &str = "FIEF_TESTS_CLI_PATH";
const AHEAD: &str = "FIEF_TESTS_CLI_AHEAD";
const SAVES: &str = "FIEF_TESTS_CLI_SAVES";

/// The other process. Without the variables it does nothing.
#[tokio::test]
async fn child() {
    let (Ok(url), Ok(path)) = (env::var(URL), env::var(PATH)) else {
        return;
    };
    let ahead = Duration::from_secs(env::var(AHEAD).unwrap().parse().unwrap());
    let fief = Fief::builder(url, "castles-cli").clock(move || SystemTime::now() + ahead);
    let auth = FiefAuth::with_credentials_path(fief.build().unwrap(), path);
    if env::var_os(SAVES).is_some() {
        // Until it is killed, or a minute is over.
        for _ in 0..60_000 {
            auth.fresh_user().await.unwrap();
        }
    }
    println!(
        "TOKEN: {}",
        auth.access_token().await.unwrap().access_token()
    );
}

fn spawn(tool: &Tool, ahead: Duration, saves: bool) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "client::cli::processes::child", "--nocapture"])
        .env(URL, tool.server.url())
        .env(PATH, tool.folder.credentials())
        .env(AHEAD, ahead.as_secs().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if saves {
        command.env(SAVES, "1");
    }
    command.spawn().unwrap()
}

/// RF-2: Fief invalidates a refresh token as soon as it is used.
#[tokio::test(flavor = "multi_thread")]
async fn processes_at_once_refresh_once() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    let requests = tool.server.requests(Endpoint::Token);

    let children: Vec<Child> = (0..6).map(|_| spawn(&tool, DAY * 2, false)).collect();
    let outputs = children
        .into_iter()
        .map(|child| child.wait_with_output().unwrap());
    let outputs: Vec<String> = outputs
        .map(|output| String::from_utf8(output.stdout).unwrap())
        .collect();

    assert_eq!(tool.server.requests(Endpoint::Token), requests + 1);
    let line = format!("TOKEN: {}", tool.saved_token("access_token"));
    for output in outputs {
        assert!(output.contains(&line), "{output}");
    }
}

/// After a kill at any moment the file is whole, and the lock is free.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_while_it_saves_leaves_valid_credentials() {
    let tool = Tool::logged_in().await;
    let before = tool.saved();
    for round in 0..50_u64 {
        let saved = tool.server.requests(Endpoint::Userinfo);
        let mut child = spawn(&tool, Duration::ZERO, true);
        wait_until(async || tool.server.requests(Endpoint::Userinfo) > saved).await;
        sleep(Duration::from_micros(round * 397 % 5_000)).await;
        child.kill().unwrap();
        child.wait().unwrap();

        assert_eq!(tool.saved()["tokens"], before["tokens"]);
        let user = tool.again().current_user().await.unwrap();
        assert_eq!(user.email.as_deref(), Some(ANNE));
    }
    tool.server.advance(DAY * 2);
    tool.again().access_token().await.unwrap();
    assert_eq!(
        tool.folder.names(),
        ["credentials.json", "credentials.json.lock"]
    );
}
