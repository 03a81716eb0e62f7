use axum::{extract::FromRequestParts, http::request::Parts};
use fief_axum::{
    Authenticated, Authorized, Policy,
    fief_client::{FiefAccessTokenInfo, Requirements},
};
use rmcp::{
    ErrorData, ServerHandler,
    handler::server::{tool::Extension, wrapper::Parameters},
    model::ErrorCode,
    schemars, tool, tool_handler, tool_router,
};

/// What the tool `build` requires.
struct CanBuild;

impl Policy for CanBuild {
    fn requirements() -> Requirements {
        Requirements::new().permission("castles:create")
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Castle {
    name: String,
}

/// The server. It keeps nothing.
#[derive(Clone)]
pub struct Castles;

#[tool_router]
impl Castles {
    #[tool(description = "Lists the castles. For every user.")]
    async fn list(&self) -> String {
        "Suscinio, Josselin".to_owned()
    }

    #[tool(description = "Returns the id of the user.")]
    async fn who(&self, Extension(request): Extension<Parts>) -> Result<String, ErrorData> {
        let Authenticated(token) = extract(request).await?;
        Ok(token.id().to_string())
    }

    #[tool(description = "Builds a castle. Requires the permission castles:create.")]
    async fn build(
        &self,
        Extension(request): Extension<Parts>,
        Parameters(castle): Parameters<Castle>,
    ) -> Result<String, ErrorData> {
        let Authorized::<CanBuild>(token, _) = extract(request).await?;
        Ok(built(&token, &castle))
    }
}

#[tool_handler]
impl ServerHandler for Castles {}

fn built(token: &FiefAccessTokenInfo, castle: &Castle) -> String {
    format!("{} has built {}", token.id(), castle.name)
}

/// Runs an extractor on the HTTP request that called a tool.
async fn extract<E>(mut request: Parts) -> Result<E, ErrorData>
where
    E: FromRequestParts<(), Rejection = fief_axum::Rejection>,
{
    let extracted = E::from_request_parts(&mut request, &()).await;
    extracted.map_err(|rejection| {
        // Of the range for the application's own errors.
        let code = ErrorCode(-32001);
        ErrorData::new(code, rejection.kind().code(), None)
    })
}
