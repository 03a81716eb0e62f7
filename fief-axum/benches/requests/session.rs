use std::time::{Duration, SystemTime};

use axum::http::{HeaderValue, header};
use fief_axum::{FiefAuth, SessionKey};
use fief_client::Fief;
use fief_test_server::FiefTestServer;

use crate::{
    fixture::{Visitor, protected},
    login,
};

/// So many browsers with a session each, which are young for ever: older ones would be written anew.
pub(crate) async fn log_in(server: &FiefTestServer, browsers: usize) -> Visitor {
    let latest = SystemTime::now() + Duration::from_secs(30);
    let fief = Fief::builder(server.url(), server.client_id())
        .client_secret(server.client_secret())
        .clock(move || SystemTime::now().min(latest))
        .build()
        .unwrap();
    let auth = FiefAuth::builder(fief)
        .login("https://app.example.com", SessionKey::generate().unwrap())
        .build()
        .unwrap();
    server.set_permissions("anne@example.com", ["castles:create"]);
    let mut values = Vec::new();
    for _ in 0..browsers {
        let session = login::log_in(server, &auth).await;
        values.push(HeaderValue::try_from(session).unwrap());
    }
    Visitor {
        app: protected(&auth),
        name: header::COOKIE,
        values,
    }
}
