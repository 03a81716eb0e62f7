use std::{collections::HashMap, time::Duration};

use fief_tests::{RealFief, Seed, SeedUser};
use serde_json::Value;

/// A Fief filled with the seed, whichever it is.
pub(crate) struct Target {
    pub(crate) base_url: String,
    pub(crate) issuer: String,
    pub(crate) seed: Seed,
    pub(crate) http: reqwest::Client,
    clients: HashMap<String, Client>,
    kind: Kind,
}

/// How an application knows itself and its tenant.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) base_url: String,
}

enum Kind {
    Real(RealFief),
}

impl Target {
    pub(crate) fn real() -> Self {
        let fief = RealFief::from_env();
        let credentials = |name: &str| {
            let client = fief.seeded(name);
            (client.id, client.secret)
        };
        Self::new(
            &fief.base_url.clone(),
            &fief.issuer.clone(),
            credentials,
            Kind::Real(fief.clone()),
        )
    }

    fn new(
        base_url: &str,
        issuer: &str,
        credentials: impl Fn(&str) -> (String, String),
        kind: Kind,
    ) -> Self {
        let seed = Seed::load();
        let clients = seed.clients.iter().map(|client| {
            let (id, secret) = credentials(&client.name);
            let base_url = match &client.tenant {
                Some(tenant) => format!("{base_url}/{tenant}"),
                None => base_url.to_owned(),
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
            base_url: base_url.to_owned(),
            issuer: issuer.to_owned(),
            clients: clients.collect(),
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
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

    /// Lets this much time go by for the server.
    pub(crate) async fn pass(&self, time: Duration) {
        match &self.kind {
            Kind::Real(_) => tokio::time::sleep(time).await,
        }
    }

    /// The code in the last mail that asked this user to verify an address.
    pub(crate) async fn mailed_code(&self, email: &str) -> String {
        match &self.kind {
            Kind::Real(fief) => fief.mailed_code().await,
        }
    }

    /// Has events sent to an address: gives the secret they are signed with.
    pub(crate) async fn webhook(&self, url: &str, event: &str) -> String {
        match &self.kind {
            Kind::Real(fief) => fief.webhook(url, event).await,
        }
    }

    /// The private key of a client whose ID tokens are encrypted.
    pub(crate) fn encryption_key(&self, client: &str) -> Value {
        match &self.kind {
            Kind::Real(fief) => fief.encryption_key(client),
        }
    }

    pub(crate) async fn delete_user(&self, email: &str) {
        match &self.kind {
            Kind::Real(fief) => fief.delete_user(email).await,
        }
    }
}
