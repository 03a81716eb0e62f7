use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

use crate::{request::head::RequestHead, shared::Shared};

/// The route of the API's description, or none where it is not set up.
pub(crate) fn resource_metadata<S: Clone + Send + Sync + 'static>(auth: &Arc<Shared>) -> Router<S> {
    match &auth.resource {
        Some(resource) => Router::new()
            .route(&resource.route, get(metadata))
            .with_state(Arc::clone(auth)),
        None => Router::new(),
    }
}

async fn metadata(State(auth): State<Arc<Shared>>, request: axum::extract::Request) -> Response {
    let Some(resource) = &auth.resource else {
        return axum::http::StatusCode::NOT_FOUND.into_response();
    };
    match auth.fief().issuer().await {
        Ok(issuer) => Json(json!({
            "resource": resource.id,
            "authorization_servers": [issuer],
            "bearer_methods_supported": ["header"],
        }))
        .into_response(),
        Err(error) => {
            tracing::warn!(%error, "the issuer is not known yet");
            auth.rejection(RequestHead::of(&request), error.into())
                .into_response()
        }
    }
}
