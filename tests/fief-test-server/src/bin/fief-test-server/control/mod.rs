//! The control API: what tests in other languages do to a server over HTTP.
//!
//! It is described in `openapi.json`, which it serves.

mod changes;
mod error;
mod fault;
mod guard;

use std::{io, sync::Arc};

use axum::{
    Router,
    http::header,
    middleware,
    routing::{MethodRouter, delete, get, patch, post, put},
};
use fief_test_server::FiefTestServer;
use tokio::net::TcpListener;

use self::guard::reject_other_sites;

/// Serves the API until the future is dropped.
pub(crate) async fn serve(listener: TcpListener, server: Arc<FiefTestServer>) -> io::Result<()> {
    let port = listener.local_addr()?.port();
    let mut router = Router::new();
    for (path, methods) in routes() {
        router = router.route(path, methods);
    }
    let router = router
        .layer(middleware::from_fn_with_state(port, reject_other_sites))
        .with_state(server);
    axum::serve(listener, router).await
}

type Routes = MethodRouter<Arc<FiefTestServer>>;

fn routes() -> [(&'static str, Routes); 15] {
    [
        ("/openapi.json", get(document)),
        ("/clock", get(changes::clock).put(changes::set_clock)),
        ("/clock/advance", post(changes::advance_clock)),
        ("/keys", get(changes::key).post(changes::add_key)),
        ("/keys/rotate", post(changes::rotate_key)),
        ("/keys/{kid}", delete(changes::remove_key)),
        (
            "/requests",
            get(changes::requests).delete(changes::reset_requests),
        ),
        ("/faults", delete(fault::clear)),
        ("/faults/{endpoint}", put(fault::set).post(fault::set_once)),
        ("/users", get(changes::users).post(changes::add_user)),
        (
            "/users/{email}",
            patch(changes::change_user).delete(changes::delete_user),
        ),
        ("/users/{email}/code", get(changes::verification_code)),
        ("/clients", post(changes::add_client)),
        ("/tokens", post(changes::mint_token)),
        ("/webhooks", post(changes::add_webhook)),
    ]
}

async fn document() -> ([(header::HeaderName, &'static str); 1], &'static str) {
    let kind = (header::CONTENT_TYPE, "application/json");
    ([kind], include_str!("openapi.json"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests may")]

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_has_the_paths_of_all_routes() {
        let document: Value = serde_json::from_str(include_str!("openapi.json")).unwrap();
        let documented: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
        let mut served = routes().map(|(path, _)| path);
        served.sort_unstable();
        assert_eq!(documented, served);
    }
}
