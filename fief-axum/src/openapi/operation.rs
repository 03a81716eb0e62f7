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
    add_rejections(&mut operation.responses, rule, auth);
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
    scopes
}

/// Adds the responses of rejections, and the schema to those that have none.
fn add_rejections(responses: &mut Responses, rule: &Rule, auth: &Arc<Shared>) {
    for (status, description) in rejections(rule) {
        match responses.responses.get_mut(status) {
            Some(RefOr::T(response)) if authorized::is_of(response) => {
                response.description = joined(&response.description, &description);
            }
            Some(_) => {}
            None => {
                let response = RefOr::T(Response::new(description));
                responses.responses.insert(status.into(), response);
            }
        }
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

/// Returns what the handler requires and what a rule requires, each once.
fn joined(of_handler: &str, of_rule: &str) -> String {
    // One of several permissions is another requirement than one of them.
    let extends = |long: &str, short: &str| {
        let rest = long.strip_prefix(short.trim_end_matches('.'));
        rest.is_some_and(|rest| !rest.starts_with(" or "))
    };
    if extends(of_rule, of_handler) {
        of_rule.to_owned()
    } else if extends(of_handler, of_rule) {
        of_handler.to_owned()
    } else {
        format!("{of_handler} {of_rule}")
    }
}
