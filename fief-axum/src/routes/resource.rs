use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use fief_client::internal::Chain;
use serde_json::{Value, json};

use super::config::{Resource, ResourceDetails};
use crate::{request::head::RequestHead, shared::Shared};

/// Returns the route of the resource metadata, or an empty router if
/// [`resource`](crate::FiefAuthBuilder::resource) was not called.
pub(crate) fn resource_metadata<S: Clone + Send + Sync + 'static>(auth: &Arc<Shared>) -> Router<S> {
    match &auth.resource {
        Some(resource) => Router::new()
            .route(&resource.route, get(metadata))
            .with_state(Arc::clone(auth)),
        None => Router::new(),
    }
}

/// Returns the metadata
/// ([RFC 9728, section 2](https://www.rfc-editor.org/rfc/rfc9728#section-2)).
///
/// It names the issuer, which is fetched if it is not known yet.
async fn metadata(State(auth): State<Arc<Shared>>, request: axum::extract::Request) -> Response {
    let Some(resource) = &auth.resource else {
        return axum::http::StatusCode::NOT_FOUND.into_response();
    };
    match auth.fief().issuer().await {
        Ok(issuer) => {
            Json(document(resource, issuer, auth.other_scheme().is_none())).into_response()
        }
        Err(error) => {
            tracing::debug!(
                error = %Chain(&error),
                "failed to fetch the issuer for the resource metadata"
            );
            auth.rejection(RequestHead::of(&request), error.into())
                .into_response()
        }
    }
}

/// Returns the members of the metadata. Those that are not configured are left out.
fn document(resource: &Resource, issuer: &str, takes_bearer: bool) -> Value {
    let methods: &[&str] = if takes_bearer { &["header"] } else { &[] };
    let mut document = json!({
        "resource": resource.id,
        "authorization_servers": [issuer],
        "bearer_methods_supported": methods,
    });
    let ResourceDetails {
        scopes,
        name,
        documentation,
    } = &resource.details;
    let details = [
        (
            "scopes_supported",
            (!scopes.is_empty()).then(|| json!(scopes)),
        ),
        ("resource_name", name.as_ref().map(|name| json!(name))),
        (
            "resource_documentation",
            documentation.as_ref().map(|url| json!(url)),
        ),
    ];
    if let Some(document) = document.as_object_mut() {
        let set = details
            .into_iter()
            .filter_map(|(member, value)| Some((member, value?)));
        document.extend(set.map(|(member, value)| (member.to_owned(), value)));
    }
    document
}
