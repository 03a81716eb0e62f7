//! `examples/cli` in a terminal, and its page in Chromium.

use std::{fs, net::TcpListener};

use fief_tests::{Browser, Chromium, Terminal};
use tokio::{io::AsyncReadExt, sync::mpsc};

use crate::flows::cli::{ANNE, Cli};

/// Defines two ignored tests for each case: with `fief-test-server`, and with the real Fief.
macro_rules! in_a_terminal {
    ($($case:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[tokio::test]
                #[ignore = "needs Chromium and script"]
                async fn $case() {
                    super::$case(&super::Cli::embedded().await).await;
                }
            )+
        }

        mod real {
            $(
                #[tokio::test]
                #[ignore = "needs the real Fief, Chromium and script"]
                async fn $case() {
                    super::$case(&super::Cli::real().await).await;
                }
            )+
        }
    };
}

in_a_terminal! {
    the_browser_comes_back_to_the_listener,
    an_address_is_pasted_if_the_port_is_in_use,
    an_address_is_pasted_from_another_machine,
    a_wrong_state_does_not_end_the_login,
    a_denied_login_ends,
    a_login_ends_in_time,
    ctrl_c_leaves_nothing_behind,
    a_killed_login_leaves_nothing_behind,
}

async fn the_browser_comes_back_to_the_listener(cli: &Cli) {
    let mut terminal = login(cli, &cli.client_id, true, "600");
    let chromium = Chromium::start().await;
    chromium.open(&cli.opened().await).await;
    chromium.wait_for_page(&cli.fief_url, "").await;
    terminal.wait_for("Waiting for the browser");

    chromium.log_in(ANNE.0, ANNE.1).await;
    let page = chromium
        .wait_for_page(&cli.redirect_uri, "You are logged in")
        .await;
    let (code, screen) = terminal.wait();

    assert!(page.contains("go back to the terminal"), "{page}");
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("Logged in as anne@example.com"), "{screen}");
    assert!(cli.credentials().exists());
}

/// The browser shows an error, and its address bar what to paste.
async fn an_address_is_pasted_if_the_port_is_in_use(cli: &Cli) {
    let mut addresses = other_program(cli).await;
    let mut terminal = login(cli, &cli.client_id, false, "600");
    terminal.wait_for(&format!("Port {} cannot be used", port(cli)));
    let chromium = Chromium::start().await;
    chromium.open(&terminal.url()).await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    let address = addresses.recv().await.unwrap();

    terminal.press("http://127.0.0.1/callback?code=CODE&state=STATE\r");
    terminal.wait_for("That is not the address");
    terminal.press(&format!("{address}\r"));
    let (code, screen) = terminal.wait();

    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("Logged in as anne@example.com"), "{screen}");
}

/// Over SSH: the tool listens, but on another machine than that of the browser.
async fn an_address_is_pasted_from_another_machine(cli: &Cli) {
    let mut terminal = login(cli, &cli.client_id, false, "600");
    let mut browser = Browser::new().stopping_at(&cli.redirect_uri);
    browser.open(&terminal.url()).await;
    let page = browser.log_in(ANNE.0, ANNE.1).await;

    terminal.press(&format!("{}\r", page.url));
    let (code, screen) = terminal.wait();

    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("Logged in as anne@example.com"), "{screen}");
}

async fn a_wrong_state_does_not_end_the_login(cli: &Cli) {
    let terminal = login(cli, &cli.client_id, true, "600");
    let chromium = Chromium::start().await;
    let url = cli.opened().await;
    for query in [
        "code=CODE&state=STATE",
        "error=access_denied&state=STATE",
        "",
    ] {
        let address = format!("{}?{query}", cli.redirect_uri);
        chromium.open(&address).await;
        chromium
            .wait_for_page(&cli.redirect_uri, "Bad Request")
            .await;
    }

    chromium.open(&url).await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    chromium
        .wait_for_page(&cli.redirect_uri, "You are logged in")
        .await;

    assert_eq!(terminal.wait().0, Some(0));
}

async fn a_denied_login_ends(cli: &Cli) {
    let terminal = login(cli, &cli.third_party_id, true, "600");
    let chromium = Chromium::start().await;
    chromium.open(&cli.opened().await).await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    let consent = format!("{}/consent", cli.fief_url);
    chromium.wait_for_page(&consent, "").await;

    chromium.press("deny").await;
    let page = chromium
        .wait_for_page(&cli.redirect_uri, "The login failed")
        .await;
    let (code, screen) = terminal.wait();

    assert!(page.contains("access_denied"), "{page}");
    assert_eq!(code, Some(1), "{screen}");
    assert!(
        screen.contains("error: Fief rejected the login: access_denied"),
        "{screen}"
    );
    assert!(!cli.credentials().exists());
}

async fn a_login_ends_in_time(cli: &Cli) {
    let terminal = login(cli, &cli.client_id, true, "2");
    cli.opened().await;

    let (code, screen) = terminal.wait();

    assert_eq!(code, Some(1), "{screen}");
    assert!(
        screen.contains("error: the login was not completed in time"),
        "{screen}"
    );
    assert_nothing_is_left(cli);
}

async fn ctrl_c_leaves_nothing_behind(cli: &Cli) {
    let mut terminal = login(cli, &cli.client_id, true, "600");
    cli.opened().await;
    terminal.wait_for("Waiting for the browser");

    terminal.press("\u{3}");
    let (code, screen) = terminal.wait();

    assert_eq!(code, Some(130), "{screen}");
    assert!(screen.contains("Cancelled"), "{screen}");
    assert_nothing_is_left(cli);
}

async fn a_killed_login_leaves_nothing_behind(cli: &Cli) {
    let mut terminal = login(cli, &cli.client_id, true, "600");
    cli.opened().await;
    terminal.wait_for("Waiting for the browser");

    // The terminal is closed, which ends the tool.
    drop(terminal);

    let free = || TcpListener::bind(("127.0.0.1", port(cli))).is_ok();
    crate::client::wait_until(async || free()).await;
    assert_nothing_is_left(cli);
}

/// Starts `example-cli login` in a terminal.
fn login(cli: &Cli, client_id: &str, has_browser: bool, time_limit: &str) -> Terminal {
    let mut variables = cli.variables(client_id, has_browser);
    variables.push(("TIME_LIMIT", time_limit.to_owned()));
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    Terminal::start("example-cli", &["login"], &variables)
}

fn port(cli: &Cli) -> u16 {
    let uri: url::Url = cli.redirect_uri.parse().unwrap();
    uri.port().unwrap()
}

/// Starts another program at the port, which closes each connection. Returns the addresses that are requested of it.
async fn other_program(cli: &Cli) -> mpsc::UnboundedReceiver<String> {
    let (sender, addresses) = mpsc::unbounded_channel();
    let port = port(cli);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let length = connection.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            if let Some(target) = head.split(' ').nth(1) {
                let _ = sender.send(format!("http://127.0.0.1:{port}{target}"));
            }
        }
    });
    addresses
}

fn assert_nothing_is_left(cli: &Cli) {
    TcpListener::bind(("127.0.0.1", port(cli))).unwrap();
    assert!(fs::metadata(cli.credentials()).is_err());
}
