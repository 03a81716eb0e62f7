use std::sync::Arc;

use utoipa::openapi::{
    Content, RefOr, Response, path::Operation, response::Responses, security::SecurityRequirement,
};

use super::{authorized, rejections::rejections, scheme};
use crate::{require::rule::Rule, shared::Shared};

/// Adds to an operation what a rule and its handler require. Returns the scopes.
pub(super) fn describe_operation(
    operation: &mut Operation,
    rule: &Rule,
    auth: &Arc<Shared>,
) -> Vec<String> {
    let mut scopes = rule.requirements.parts().scopes.to_vec();
    let of_handler = authorized::take_scopes(operation);
    let is_optional = rule.is_optional && of_handler.is_none();
    // A second guard of the operation, or the guard of a handler that was described before.
    let described = operation.security.iter().flatten();
    let described = described.filter_map(scheme::scopes_of).flatten();
    let more: Vec<_> = of_handler.into_iter().flatten().chain(described).collect();
    for scope in more {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    let mut security = scheme::security(auth, &scopes);
    if is_optional {
        security.insert(0, SecurityRequirement::default());
    }
    operation.security = Some(security);
    add_rejections(&mut operation.responses, rule, auth);
    scopes
}

/// Adds the responses of rejections, and the schema to those that have none.
fn add_rejections(responses: &mut Responses, rule: &Rule, auth: &Arc<Shared>) {
    for (status, description) in rejections(rule) {
        let new = || RefOr::T(Response::new(description));
        responses.responses.entry(status.into()).or_insert_with(new);
    }
    for status in ["401", "403", "503"] {
        if let Some(RefOr::T(response)) = responses.responses.get_mut(status)
            && response.content.is_empty()
        {
            let content = Content::new(Some(auth.openapi.rejection()));
            let json = "application/json".to_owned();
            response.content.insert(json, RefOr::T(content));
        }
    }
}
