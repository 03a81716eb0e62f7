use std::time::Duration;

use fief_client::{FiefAcr, internal::RequirementsParts};

use crate::require::rule::Rule;

/// Returns status and description of the rejections that a rule can cause.
///
/// The patterns name every requirement, so that a new one must be described.
pub(super) fn rejections(rule: &Rule) -> Vec<(&'static str, String)> {
    let Rule {
        requirements,
        predicates,
        is_optional,
    } = rule;
    let RequirementsParts {
        scopes,
        acr,
        max_age,
        permissions,
    } = requirements.parts();
    let mut rejections = Vec::new();
    let login = login_requirements(acr, max_age);
    if !is_optional || !login.is_empty() {
        rejections.push(("401", format!("No valid access token{login}.")));
    }
    let scopes = scopes.iter().map(|scope| format!("the scope `{scope}`"));
    let permissions = permissions.iter();
    let permissions = permissions.map(|any| format!("the permission `{}`", any.join("` or `")));
    let missing: Vec<_> = scopes.chain(permissions).collect();
    if !missing.is_empty() {
        rejections.push(("403", format!("Requires {}.", missing.join(" and "))));
    } else if !predicates.is_empty() {
        rejections.push(("403", "Not allowed.".to_owned()));
    }
    rejections.push(("503", "Fief is unreachable.".to_owned()));
    rejections
}

/// Returns the continuation of "No valid access token" for what is required of
/// the login.
fn login_requirements(acr: Option<FiefAcr>, max_age: Option<Duration>) -> String {
    let mut text = String::new();
    if let Some(acr) = acr {
        text.push_str(", or a login below ACR ");
        text.push_str(acr.as_str());
    }
    if let Some(age) = max_age {
        text.push_str(", or a login more than ");
        text.push_str(&age.as_secs().to_string());
        text.push_str(" seconds ago");
    }
    text
}
