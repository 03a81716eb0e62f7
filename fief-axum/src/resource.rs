use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use url::Url;

use crate::{Error, FiefAuth, FiefAuthBuilder, head::Head, site::bad};

/// The API as an OAuth resource ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    id: String,
    route: String,
    pub(crate) metadata_url: String,
}

impl FiefAuthBuilder {
    /// Names the protected area in `WWW-Authenticate`. Default: no name.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Describes the API to clients that look for where to get a token
    /// ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)): `url` is where they reach it. `WWW-Authenticate` then
    /// names the description, which [`FiefAuth::resource_metadata`] serves. Default: no description.
    pub fn resource(mut self, url: impl Into<String>) -> Self {
        self.resource = Some(url.into());
        self
    }
}

impl FiefAuth {
    /// Returns the route of the API's description, `/.well-known/oauth-protected-resource` with the path of the API
    /// behind it. Merge it at the root of the application, outside of its guards. None when
    /// [`resource`](FiefAuthBuilder::resource) was not set up.
    pub fn resource_metadata<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        match self.resource() {
            Some(resource) => Router::new()
                .route(&resource.route, get(metadata))
                .with_state(self.clone()),
            None => Router::new(),
        }
    }
}

impl Resource {
    pub(crate) fn parse(id: &str) -> Result<Self, Error> {
        let url = Url::parse(id).map_err(|error| bad(&format!("resource: {error}")))?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        let is_place = url.query().is_none() && url.fragment().is_none();
        let is_fixed = url
            .path()
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b));
        if !matches!(url.scheme(), "http" | "https") || !is_plain || !is_place || !is_fixed {
            return Err(bad("resource: an http or https URL, an origin and a path"));
        }
        let origin = url.origin().ascii_serialization();
        let route = format!("{WELL_KNOWN}{}", url.path().trim_end_matches('/'));
        Ok(Self {
            id: id.to_owned(),
            metadata_url: format!("{origin}{route}"),
            route,
        })
    }
}

async fn metadata(State(auth): State<FiefAuth>, request: axum::extract::Request) -> Response {
    let Some(resource) = auth.resource() else {
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
            auth.rejection(Head::of(&request), error.into())
                .into_response()
        }
    }
}

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
