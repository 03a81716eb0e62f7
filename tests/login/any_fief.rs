//! An application's Fief: the test server, or the real one.

use fief_client::{Fief, FiefBuilder};
use fief_test_server::{Client, FiefTestServer};
use fief_tests::{Browser, RealClient, RealFief};

use super::{Visitor, visitor_path};
use crate::web::EMAIL;

/// A Fief with a client of one application.
pub struct AnyFief {
    kind: Kind,
    app_url: String,
}

enum Kind {
    Embedded(Box<FiefTestServer>),
    Real(RealFief, RealClient),
}

impl AnyFief {
    pub async fn embedded(app_url: &str) -> Self {
        let client = Client::new("castles").secret("secret");
        let client = client.redirect_uri(callback(app_url));
        let server = FiefTestServer::builder().client(client).start().await;
        Self {
            kind: Kind::Embedded(Box::new(server.unwrap())),
            app_url: app_url.into(),
        }
    }

    pub async fn real(app_url: &str) -> Self {
        let fief = RealFief::from_env();
        let client = fief.register(&callback(app_url)).await;
        Self {
            kind: Kind::Real(fief, client),
            app_url: app_url.into(),
        }
    }

    pub fn is_real(&self) -> bool {
        matches!(self.kind, Kind::Real(..))
    }

    pub fn client(&self) -> FiefBuilder {
        match &self.kind {
            Kind::Embedded(server) => Fief::builder(server.url(), server.client_id())
                .client_secret(server.client_secret()),
            Kind::Real(fief, client) => {
                Fief::builder(&fief.base_url, &client.id).client_secret(client.secret.as_str())
            }
        }
    }

    /// Opens a login route and logs anne in at Fief. Returns the callback.
    pub async fn begin(&self, visitor: &mut Visitor, login: &str) -> String {
        let begun = visitor.open(login).await;
        assert_eq!(begun.status, 303, "{}", begun.body);
        let authorize = begun.header("location");
        let callback = match &self.kind {
            Kind::Embedded(server) => server.log_in(EMAIL, authorize).await,
            Kind::Real(..) => {
                let mut browser = Browser::new().stopping_at(&callback(&self.app_url));
                browser.open(authorize).await;
                let page = browser.log_in(EMAIL, "herminetincture").await;
                page.url.into()
            }
        };
        visitor_path(&callback)
    }
}

fn callback(app_url: &str) -> String {
    format!("{app_url}/auth-callback")
}
