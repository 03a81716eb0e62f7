//! The discovery document.

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use crate::http::{Request, response::json_response};

/// `GET /.well-known/openid-configuration`
///
/// As in Fief, the endpoints have the origin of the request, which its `Host` and proxy headers
/// determine, but the issuer is always the same.
pub(crate) fn configuration(request: &Request<'_>) -> Response {
    json_response(
        StatusCode::OK,
        &json!({
            "issuer": request.shared.issuer(request.tenant),
            "authorization_endpoint": request.url("/authorize"),
            "token_endpoint": request.url("/api/token"),
            "jwks_uri": request.url("/.well-known/jwks.json"),
            "registration_endpoint": request.url("/register"),
            "scopes_supported": ["openid", "offline_access"],
            "response_types_supported":
                ["code", "code id_token", "code token", "code id_token token"],
            "response_modes_supported": ["query", "fragment"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post"],
            "service_documentation": "https://docs.fief.dev",
            "code_challenge_methods_supported": ["plain", "S256"],
            "userinfo_endpoint": request.url("/api/userinfo"),
            "acr_values_supported": ["0", "1"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "id_token_encryption_alg_values_supported": ["RSA-OAEP-256"],
            "id_token_encryption_enc_values_supported": ["A256CBC-HS512"],
            "userinfo_signing_alg_values_supported": ["none"],
            "claims_supported": ["email", "email_verified", "is_active", "tenant_id", "fields"],
            "request_parameter_supported": false,
        }),
    )
}
