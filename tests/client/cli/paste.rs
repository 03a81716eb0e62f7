use std::{io::ErrorKind, sync::Arc};

use fief_client::{
    FiefError,
    cli::{FiefAuthError, Login},
};
use fief_test_server::Endpoint;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
};

use super::{Browser, Events, TIMEOUT, Tool};
use crate::client::wait_until;

/// Returns a login with lines that a test pastes.
fn pasting(login: Login) -> (Login, mpsc::Sender<String>) {
    let (sender, lines) = mpsc::channel(16);
    let lines = Arc::new(Mutex::new(lines));
    let login = login.paste_from(move || {
        let lines = Arc::clone(&lines);
        async move { lines.lock().await.recv().await }
    });
    (login, sender)
}

#[tokio::test]
async fn an_address_can_be_pasted() {
    let tool = Tool::start().await;
    let (login, lines) = pasting(tool.login());
    let browser = Browser::begin(login).await;
    let address = browser.log_in(&tool.server).await;

    lines.send(format!("  {address}\r\n")).await.unwrap();

    assert!(browser.result().await.is_ok());
    assert!(tool.auth.access_token().await.is_ok());
}

#[tokio::test]
async fn an_address_can_be_pasted_if_the_port_is_in_use() {
    let tool = Tool::start().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let login = tool
        .login()
        .redirect_uri(format!("http://127.0.0.1:{port}/callback"));
    let (login, lines) = pasting(login);
    let events = Events::default();
    let browser = Browser::begin(events.record(login)).await;
    let address = browser.log_in(&tool.server).await;

    lines.send(address).await.unwrap();

    assert!(browser.result().await.is_ok());
    assert_eq!(events.names()[0], "ListenerUnavailable");
    assert_eq!(events.names().last().unwrap(), "Exchanging");
}

#[tokio::test]
async fn a_port_in_use_is_an_error_if_nothing_is_pasted() {
    let tool = Tool::start().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let login = tool
        .login()
        .redirect_uri(format!("http://127.0.0.1:{port}/callback"));
    let (login, lines) = pasting(login);
    drop(lines);

    let result = login.time_limit(TIMEOUT).await;

    let in_use = matches!(&result, Err(FiefAuthError::Listener { port: named, source, .. })
        if *named == port && source.kind() == ErrorKind::AddrInUse);
    assert!(in_use, "{result:?}");
}

/// As strictly as a redirect: the whole address, and the state.
#[tokio::test]
async fn an_address_of_something_else_is_rejected_and_another_can_be_pasted() {
    let tool = Tool::start().await;
    let (login, lines) = pasting(tool.login());
    let events = Events::default();
    let browser = Browser::begin(events.record(login)).await;
    let address = browser.log_in(&tool.server).await;
    let uri = browser.parameter("redirect_uri");
    let query = address.split_once('?').unwrap().1;
    let rejected = [
        "yes".to_owned(),
        query.to_owned(),
        uri.clone(),
        browser.url.to_string(),
        browser.address("code=CODE"),
        browser.address("code=CODE&state=another"),
        format!("https{}?{query}", uri.strip_prefix("http").unwrap()),
        format!("{uri}/?{query}"),
        format!("{}?{query}", uri.replace("127.0.0.1", "evil.example")),
        format!("{}?{query}", uri.replace("127.0.0.1", "user@127.0.0.1")),
        format!("http://127.0.0.1:1/callback?{query}"),
        format!("{uri}?{query}#fragment"),
    ];
    let count = rejected.len();
    for line in rejected {
        lines.send(line).await.unwrap();
    }
    lines.send("  \n".to_owned()).await.unwrap();
    wait_until(async || events.names().len() > count).await;
    assert_eq!(tool.server.requests(Endpoint::Token), 0);
    assert!(browser.is_waiting());

    lines.send(address).await.unwrap();

    assert!(browser.result().await.is_ok());
    let names = events.names();
    let rejections = names.iter().filter(|name| *name == "PasteRejected");
    assert_eq!(rejections.count(), count, "{names:?}");
}

#[tokio::test]
async fn a_denial_can_be_pasted() {
    let tool = Tool::start().await;
    let (login, lines) = pasting(tool.login());
    let browser = Browser::begin(login).await;

    lines
        .send(browser.stateful("error=access_denied"))
        .await
        .unwrap();

    let result = browser.result().await;
    let denied = matches!(
        result,
        Err(FiefAuthError::Fief(FiefError::Authorization { .. }))
    );
    assert!(denied, "{result:?}");
}

/// The end of standard input does not end a login that listens.
#[tokio::test]
async fn a_login_that_listens_does_not_need_anything_pasted() {
    let tool = Tool::start().await;
    let (login, lines) = pasting(tool.login());
    drop(lines);
    let browser = Browser::begin(login).await;

    browser.redirect(&tool.server).await;

    assert!(browser.result().await.is_ok());
}
