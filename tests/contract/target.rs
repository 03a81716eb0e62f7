use std::{collections::HashMap, time::Duration};

use fief_test_server::FiefTestServer;
use fief_tests::{Mailbox, RealFief, Seed, SeedUser};
use serde_json::Value;

use super::embedded;

/// A Fief with the data of the seed: the test server or the real one.
pub(crate) struct Target {
    pub(crate) base_url: String,
    pub(crate) issuer: String,
    pub(crate) seed: Seed,
    pub(crate) http: reqwest::Client,
    clients: HashMap<String, Client>,
    kind: Kind,
}

/// The credentials of a client, and the base URL of its tenant.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) base_url: String,
}

enum Kind {
    Embedded(FiefTestServer),
    Real(RealFief),
}

pub(crate) enum Mails<'a> {
    Embedded(&'a FiefTestServer),
    Real(Mailbox),
}

impl Mails<'_> {
    /// Returns the code in the next mail, which goes to the current owner of this address.
    pub(crate) async fn code(&mut self, email: &str) -> String {
        match self {
            Mails::Embedded(server) => server.verification_code(email).unwrap(),
            Mails::Real(mailbox) => mailbox.code().await,
        }
    }
}

impl Target {
    pub(crate) async fn embedded() -> Self {
        let server = embedded::start().await;
        let credentials = |name: &str| (name.to_owned(), embedded::SECRET.to_owned());
        Self::new(
            server.url().into(),
            server.issuer().into(),
            credentials,
            Kind::Embedded(server),
        )
    }

    #[allow(clippy::unused_async, reason = "as the other is made")]
    pub(crate) async fn real() -> Self {
        let fief = RealFief::from_env();
        let credentials = |name: &str| {
            let client = fief.seeded(name);
            (client.id, client.secret)
        };
        Self::new(
            fief.base_url.clone(),
            fief.issuer.clone(),
            credentials,
            Kind::Real(fief.clone()),
        )
    }

    fn new(
        base_url: String,
        issuer: String,
        credentials: impl Fn(&str) -> (String, String),
        kind: Kind,
    ) -> Self {
        let seed = Seed::load();
        let clients = seed.clients.iter().map(|client| {
            let (id, secret) = credentials(&client.name);
            let base_url = match &client.tenant {
                Some(tenant) => format!("{base_url}/{tenant}"),
                None => base_url.clone(),
            };
            let name = client.name.clone();
            let client = Client {
                id,
                secret,
                base_url,
            };
            (name, client)
        });
        Self {
            clients: clients.collect(),
            base_url,
            issuer,
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .tls_certs_only([])
                .build()
                .unwrap(),
            seed,
            kind,
        }
    }

    pub(crate) fn client(&self, name: &str) -> &Client {
        &self.clients[name]
    }

    pub(crate) fn user(&self, email: &str) -> &SeedUser {
        let mut users = self.seed.users.iter();
        users.find(|user| user.email == email).unwrap()
    }

    /// Advances the server's time, or waits.
    pub(crate) async fn advance(&self, time: Duration) {
        match &self.kind {
            Kind::Embedded(server) => server.advance(time),
            Kind::Real(_) => tokio::time::sleep(time).await,
        }
    }

    /// Returns the mails that are sent from now on.
    pub(crate) async fn mails(&self) -> Mails<'_> {
        match &self.kind {
            Kind::Embedded(server) => Mails::Embedded(server),
            Kind::Real(fief) => Mails::Real(fief.mailbox().await),
        }
    }

    /// Adds a webhook for an event. Returns the secret that signs the deliveries.
    pub(crate) async fn webhook(&self, url: &str, event: &str) -> String {
        match &self.kind {
            Kind::Embedded(server) => {
                server.add_webhook(url, embedded::SECRET);
                embedded::SECRET.to_owned()
            }
            Kind::Real(fief) => fief.webhook(url, event).await,
        }
    }

    /// Returns the private key of a client that encrypts its ID tokens.
    pub(crate) fn encryption_key(&self, client: &str) -> Value {
        match &self.kind {
            Kind::Embedded(server) => serde_json::from_str(&server.encryption_key()).unwrap(),
            Kind::Real(fief) => fief.encryption_key(client),
        }
    }

    pub(crate) async fn delete_user(&self, email: &str) {
        match &self.kind {
            Kind::Embedded(server) => server.delete_user(email),
            Kind::Real(fief) => fief.delete_user(email).await,
        }
    }
}
