use std::{
    env, fs,
    path::PathBuf,
    process,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use fief_test_server::{Client, FiefTestServer, User};
use fief_tests::{Browser, Process, RealFief, free_port};
use reqwest::StatusCode;
use serde_json::Value;

contract! {
    Cli:
    a_user_logs_in_uses_the_token_and_logs_out,
    a_token_that_is_not_valid_any_more_is_refreshed,
    a_tool_that_is_killed_while_it_saves_leaves_valid_credentials,
    a_denied_login_says_so,
    a_wrong_state_does_not_end_the_login,
}

pub(crate) const ANNE: (&str, &str) = ("anne@example.com", "herminetincture");

async fn a_user_logs_in_uses_the_token_and_logs_out(cli: &Cli) {
    assert_eq!(cli.log_in().await, "Logged in as anne@example.com");

    let (status, whoami, _) = cli.run(&["whoami"]).output();
    assert!(
        status.success() && whoami.starts_with("anne@example.com "),
        "{whoami}"
    );
    let user = cli.userinfo().await;
    assert!(whoami.ends_with(user["sub"].as_str().unwrap()), "{whoami}");
    let (status, out, errors) = cli.run(&["logout"]).output();
    assert!(
        status.success() && out.is_empty() && errors.is_empty(),
        "{errors}"
    );

    for command in ["whoami", "token"] {
        let (status, out, errors) = cli.run(&[command]).output();
        assert_eq!((status.code(), &*out), (Some(1), ""));
        assert_eq!(
            errors,
            "error: not logged in\nLog in with: example-cli login"
        );
    }
}

/// Two processes at once share one refresh, since Fief accepts a refresh token once.
async fn a_token_that_is_not_valid_any_more_is_refreshed(cli: &Cli) {
    cli.log_in().await;
    let mut saved = cli.saved();
    let before = saved["tokens"].clone();
    saved["tokens"]["access_token"] = "AAAA".into();
    fs::write(cli.credentials(), saved.to_string()).unwrap();

    let (mut first, mut second) = (cli.run(&["token"]), cli.run(&["token"]));
    let (first, second) = (first.output(), second.output());

    assert!(
        first.0.success() && second.0.success(),
        "{}{}",
        first.2,
        second.2
    );
    assert_eq!(first.1, second.1);
    let after = cli.saved();
    assert_eq!(after["tokens"]["access_token"], *first.1);
    assert_ne!(after["tokens"]["refresh_token"], before["refresh_token"]);
    assert_eq!(cli.userinfo().await["email"], ANNE.0);
}

/// A kill between Fief's exchange of the refresh token and the write costs a login, and nothing else.
async fn a_tool_that_is_killed_while_it_saves_leaves_valid_credentials(cli: &Cli) {
    cli.log_in().await;
    for round in 0..20 {
        let mut saved = cli.saved();
        saved["tokens"]["access_token"] = "AAAA".into();
        fs::write(cli.credentials(), saved.to_string()).unwrap();
        let tool = cli.run(&["token"]);
        tokio::time::sleep(Duration::from_millis(round * 7)).await;
        // Kills it.
        drop(tool);

        assert!(cli.saved()["tokens"].is_object(), "{round}");
        let (status, _, errors) = cli.run(&["token"]).output();
        if !status.success() {
            assert!(
                errors.contains("Log in with: example-cli login"),
                "{errors}"
            );
            cli.log_in().await;
        }
    }
    assert_eq!(cli.userinfo().await["email"], ANNE.0);
}

async fn a_denied_login_says_so(cli: &Cli) {
    let mut login = cli.run_as(&cli.third_party_id, &["login"]);
    let mut browser = Browser::new();
    browser.open(&cli.opened().await).await;
    browser.log_in(ANNE.0, ANNE.1).await;

    let page = browser.consent(false).await;
    let (status, out, errors) = login.output();

    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("access_denied"), "{}", page.body);
    assert_eq!((status.code(), &*out), (Some(1), ""));
    assert!(
        errors.ends_with("error: Fief rejected the login: access_denied"),
        "{errors}"
    );
    assert!(!cli.credentials().exists());
}

async fn a_wrong_state_does_not_end_the_login(cli: &Cli) {
    let mut login = cli.run(&["login"]);
    let url = cli.opened().await;
    for query in [
        "code=CODE",
        "code=CODE&state=STATE",
        "error=access_denied&state=STATE",
    ] {
        let page = reqwest::get(format!("{}?{query}", cli.redirect_uri))
            .await
            .unwrap();
        assert_eq!(page.status(), StatusCode::BAD_REQUEST);
    }

    let mut browser = Browser::new();
    browser.open(&url).await;
    let page = browser.log_in(ANNE.0, ANNE.1).await;

    assert_eq!(page.status, StatusCode::OK);
    assert!(login.output().0.success());
}

/// Without settings it shows everything with a Fief of its own.
#[tokio::test]
async fn the_command_line_tool_brings_its_own_fief() {
    let cli = Cli::embedded().await;
    let config = cli.folder.to_str().unwrap();
    let variables = [
        ("BROWSER", cli.opener().to_owned()),
        ("REDIRECT_URI", cli.redirect_uri.clone()),
        ("XDG_CONFIG_HOME", config.to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let mut tool = Process::start("example-cli", &variables);
    let fief = tool.value_of("Fief");
    let account = tool.value_of("Sign in as");
    let (email, password) = account.split_once(" / ").unwrap();
    let url = cli.opened().await;
    assert!(
        url.starts_with(fief.strip_suffix(" (embedded)").unwrap()),
        "{url}"
    );

    let mut browser = Browser::new();
    browser.open(&url).await;
    let page = browser.log_in(email, password).await;
    let (status, out, errors) = tool.output();

    assert_eq!(page.status, StatusCode::OK);
    assert!(status.success(), "{errors}");
    let lines: Vec<_> = out.lines().collect();
    let [login, whoami, token] = lines[..] else {
        panic!("{out}");
    };
    assert_eq!(login, format!("Logged in as {email}"));
    assert!(whoami.starts_with(email));
    assert_eq!(token.split('.').count(), 3);
    assert!(!cli.folder.join("example-cli/credentials.json").exists());
}

#[tokio::test]
async fn a_command_line_that_is_wrong_is_explained() {
    let cli = Cli::embedded().await;
    for arguments in [&["dance"][..], &["login", "now"], &[]] {
        let (status, _, errors) = cli.run(arguments).output();
        assert_eq!(status.code(), Some(1));
        assert!(
            errors.starts_with("error: usage: example-cli login | whoami"),
            "{errors}"
        );
    }
}

/// `examples/cli`, the Fief that it uses, and the URL that it opens.
pub(crate) struct Cli {
    pub(crate) fief_url: String,
    pub(crate) client_id: String,
    pub(crate) third_party_id: String,
    pub(crate) redirect_uri: String,
    folder: PathBuf,
    _server: Option<FiefTestServer>,
}

impl Cli {
    pub(crate) async fn embedded() -> Self {
        let server = FiefTestServer::builder()
            .client(Client::public("castles-cli"))
            .client(Client::public("visitors-cli").third_party())
            .user(User::new(ANNE.0, ANNE.1))
            .start()
            .await
            .unwrap();
        let url = server.url().to_owned();
        let ids = ["castles-cli".to_owned(), "visitors-cli".to_owned()];
        Self::new(url, ids, redirect_uri(), Some(server))
    }

    pub(crate) async fn real() -> Self {
        let fief = RealFief::from_env();
        let uri = redirect_uri();
        let first = fief.register_as("public", true, &uri).await.id;
        let third = fief.register_as("public", false, &uri).await.id;
        Self::new(fief.base_url, [first, third], uri, None)
    }

    fn new(
        fief_url: String,
        [client_id, third_party_id]: [String; 2],
        redirect_uri: String,
        server: Option<FiefTestServer>,
    ) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("fief-tests-flows-{}-{count}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let cli = Self {
            fief_url,
            client_id,
            third_party_id,
            redirect_uri,
            folder,
            _server: server,
        };
        // The browser: it writes down what it is to open.
        let script = "#!/bin/sh\nprintf %s \"$1\" >\"$0.tmp\" && mv \"$0.tmp\" \"$0.url\"\n";
        fs::write(cli.opener(), script).unwrap();
        set_executable(&cli.folder.join("open"));
        cli
    }

    fn opener(&self) -> String {
        self.folder.join("open").to_str().unwrap().to_owned()
    }

    pub(crate) fn credentials(&self) -> PathBuf {
        self.folder.join("credentials.json")
    }

    /// Returns the variables of a run, with a browser or without one.
    pub(crate) fn variables(
        &self,
        client_id: &str,
        has_browser: bool,
    ) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("FIEF_BASE_URL", self.fief_url.clone()),
            ("FIEF_CLIENT_ID", client_id.to_owned()),
            ("REDIRECT_URI", self.redirect_uri.clone()),
            (
                "CREDENTIALS",
                self.credentials().to_str().unwrap().to_owned(),
            ),
        ];
        if has_browser {
            variables.push(("BROWSER", self.opener()));
        }
        variables
    }

    fn run(&self, arguments: &[&str]) -> Process {
        self.run_as(&self.client_id, arguments)
    }

    fn run_as(&self, client_id: &str, arguments: &[&str]) -> Process {
        let variables = self.variables(client_id, true);
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        Process::run("example-cli", arguments, &variables)
    }

    /// Waits for the URL that the tool opens.
    pub(crate) async fn opened(&self) -> String {
        let file = self.folder.join("open.url");
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(url) = fs::read_to_string(&file) {
                fs::remove_file(&file).unwrap();
                return url;
            }
            assert!(Instant::now() < deadline, "no browser was opened");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Logs anne in. Returns what the tool says.
    async fn log_in(&self) -> String {
        let mut login = self.run(&["login"]);
        let mut browser = Browser::new();
        browser.open(&self.opened().await).await;
        let page = browser.log_in(ANNE.0, ANNE.1).await;
        assert!(
            page.body.contains("go back to the terminal"),
            "{}",
            page.body
        );
        let (status, out, errors) = login.output();
        assert!(status.success(), "{errors}");
        out
    }

    fn saved(&self) -> Value {
        serde_json::from_slice(&fs::read(self.credentials()).unwrap()).unwrap()
    }

    /// Calls Fief with the token that the tool prints.
    async fn userinfo(&self) -> Value {
        let (_, token, errors) = self.run(&["token"]).output();
        let request = reqwest::Client::new().get(format!("{}/api/userinfo", self.fief_url));
        let response = request.bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{errors}");
        response.json().await.unwrap()
    }
}

impl Drop for Cli {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn redirect_uri() -> String {
    format!("http://127.0.0.1:{}/callback", free_port())
}

#[cfg(unix)]
fn set_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
