use fief_test_server::{Client, FiefTestServer, User};
use fief_tests::{Browser, Process, RealClient, RealFief, free_port};
use serde_json::Value;
use url::Url;

/// `examples/web` and the Fief that it uses.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) fief_url: String,
    client: RealClient,
    _web: Process,
    _server: Option<FiefTestServer>,
}

impl Site {
    pub(crate) async fn embedded() -> Self {
        let anne = User::new("anne@example.com", "herminetincture")
            .permission("castles:read")
            .permission("castles:create");
        // One whose address is wider than a phone.
        let long = "anne.twice.queen.of.france@chateau-des-ducs-de-bretagne.example.com";
        let long = User::new(long, "herminetincture").permission("castles:create");
        let server = FiefTestServer::builder()
            .client(Client::new("castles").secret("secret"))
            .user(anne)
            .user(long)
            .user(User::new("louis@example.com", "porcupine-and-crown"))
            .start()
            .await
            .unwrap();
        let client = RealClient {
            id: server.client_id().to_owned(),
            secret: server.client_secret().to_owned(),
        };
        let url = server.url().to_owned();
        Self::start(free_port(), url, client, Some(server))
    }

    pub(crate) async fn real() -> Self {
        let fief = RealFief::from_env();
        let port = free_port();
        let callback = format!("http://127.0.0.1:{port}/auth-callback");
        let client = fief.register(&callback).await;
        Self::start(port, fief.base_url, client, None)
    }

    fn start(
        port: u16,
        fief_url: String,
        client: RealClient,
        server: Option<FiefTestServer>,
    ) -> Self {
        let port = port.to_string();
        let mut variables = fief_variables(&fief_url, &client).to_vec();
        variables.push(("PORT", &port));
        let mut web = Process::start("example-web", &variables);
        Self {
            url: web.value_of("App"),
            _web: web,
            _server: server,
            fief_url,
            client,
        }
    }

    /// Starts `examples/api` with the same Fief and client.
    pub(crate) fn api(&self) -> (Process, String) {
        let variables = fief_variables(&self.fief_url, &self.client);
        let mut api = Process::start("example-api", &variables);
        let url = api.value_of("App");
        (api, url)
    }

    /// Opens a page that requires a login, and logs in.
    pub(crate) async fn log_in(&self, path: &str, email: &str, password: &str) -> LoggedIn {
        let mut browser = Browser::new();
        browser.open(&format!("{}{path}", self.url)).await;
        let page = browser.log_in(email, password).await;
        LoggedIn { browser, page }
    }

    /// Returns an access token of the user that is logged in, as another tab of the browser would get it.
    pub(crate) async fn access_token(&self, browser: &Browser) -> String {
        let callback = format!("{}/auth-callback", self.url);
        let mut url: Url = format!("{}/authorize", self.fief_url).parse().unwrap();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client.id)
            .append_pair("redirect_uri", &callback)
            .append_pair("scope", "openid")
            .append_pair("prompt", "none");
        let mut tab = browser.clone().stopping_at(&callback);
        let page = tab.open(url.as_str()).await;
        let code = page.url.query_pairs().find(|(name, _)| name == "code");
        let code = code.unwrap().1.into_owned();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &self.client.id),
            ("client_secret", &self.client.secret),
            ("redirect_uri", &callback),
            ("code", &code),
        ];
        let request = reqwest::Client::new().post(format!("{}/api/token", self.fief_url));
        let response = request.form(&form).send().await.unwrap();
        let tokens: Value = response.json().await.unwrap();
        tokens["access_token"].as_str().unwrap().to_owned()
    }
}

/// A browser after a login, and the page that it shows.
pub(crate) struct LoggedIn {
    pub(crate) browser: Browser,
    pub(crate) page: fief_tests::Page,
}

fn fief_variables<'a>(url: &'a str, client: &'a RealClient) -> [(&'static str, &'a str); 3] {
    [
        ("FIEF_BASE_URL", url),
        ("FIEF_CLIENT_ID", &client.id),
        ("FIEF_CLIENT_SECRET", &client.secret),
    ]
}
