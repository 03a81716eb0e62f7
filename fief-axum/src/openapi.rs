//! What guards require, written into the description of an API.

use std::{sync::Arc, time::Duration};

use axum::http::Method;
use fief_client::{Fief, FiefAcr, Requirements, RequirementsParts};
use serde_json::Value;
use utoipa::openapi::{
    OpenApi, RefOr, ResponseBuilder,
    path::{Operation, PathItem},
    security::{AuthorizationCode, Flow, OAuth2, Scopes, SecurityRequirement, SecurityScheme},
};

use crate::{
    PathsLayer, RequireLayer,
    require::{rule::Rule, table::Decision},
    shared::Shared,
};

impl RequireLayer {
    /// Writes into an [`OpenApi`] document that an operation is behind this guard: the `fief` security scheme (OAuth 2.0,
    /// authorization code), the scopes, and what the answers 401 and 403 mean. An operation that is not in the document
    /// is left out.
    ///
    /// ```
    /// use axum::http::Method;
    /// # use fief_axum::FiefAuth;
    /// # use fief_client::Fief;
    /// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
    /// # let mut document = utoipa::openapi::OpenApiBuilder::new().build();
    /// let create = auth.require().permission("castles:create");
    /// create.describe(&mut document, &Method::POST, "/castles");
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn describe(&self, document: &mut OpenApi, method: &Method, path: &str) {
        add_scheme(document, &self.auth, &self.rule.requirements);
        let item = document.paths.paths.get_mut(path);
        if let Some(operation) = item.and_then(|item| operation(item, method)) {
            describe_operation(operation, &self.rule);
        }
    }
}

impl PathsLayer {
    /// Writes the table into an [`OpenApi`] document, as [`RequireLayer::describe`] does it for one operation.
    pub fn describe(&self, document: &mut OpenApi) {
        add_scheme(document, &self.auth, &Requirements::new());
        let mut scoped = Vec::new();
        for (path, item) in &mut document.paths.paths {
            for method in METHODS {
                let Some(operation) = operation(item, &method) else {
                    continue;
                };
                match self.table.decide_at(&method, Some(path)) {
                    Decision::Check(rule) => {
                        scoped.push(rule.requirements.clone());
                        describe_operation(operation, rule);
                    }
                    Decision::Allow => operation.security = Some(Vec::new()),
                    Decision::Deny(_) => {}
                }
            }
        }
        for requirements in scoped {
            add_scheme(document, &self.auth, &requirements);
        }
    }
}

fn operation<'a>(item: &'a mut PathItem, method: &Method) -> Option<&'a mut Operation> {
    let operation = match *method {
        Method::DELETE => &mut item.delete,
        Method::GET => &mut item.get,
        Method::HEAD => &mut item.head,
        Method::OPTIONS => &mut item.options,
        Method::PATCH => &mut item.patch,
        Method::POST => &mut item.post,
        Method::PUT => &mut item.put,
        _ => return None,
    };
    operation.as_mut()
}

fn describe_operation(operation: &mut Operation, rule: &Rule) {
    let required = SecurityRequirement::new(SCHEME_NAME, rule.requirements.parts().scopes);
    let mut security = vec![required];
    if rule.is_optional {
        security.insert(0, SecurityRequirement::default());
    }
    operation.security = Some(security);
    for (status, description) in rejections(rule) {
        let responses = &mut operation.responses.responses;
        let response = || RefOr::T(ResponseBuilder::new().description(description).build());
        responses.entry(status.into()).or_insert_with(response);
    }
}

/// What a guard's answers mean.
fn rejections(rule: &Rule) -> Vec<(&'static str, String)> {
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
    let login = login(acr, max_age);
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
    rejections
}

fn login(acr: Option<FiefAcr>, max_age: Option<Duration>) -> String {
    let mut login = String::new();
    if let Some(acr) = acr {
        login.push_str(", or not of a login with the ACR ");
        login.push_str(acr.as_str());
    }
    if let Some(age) = max_age {
        login.push_str(", or not of a login in the last ");
        login.push_str(&age.as_secs().to_string());
        login.push_str(" seconds");
    }
    login
}

/// Adds the scheme, or scopes to the one that is there.
fn add_scheme(document: &mut OpenApi, auth: &Arc<Shared>, required: &Requirements) {
    let schemes = &mut document.components.get_or_insert_default().security_schemes;
    let mut scopes = vec!["openid".to_owned()];
    let known = schemes
        .get(SCHEME_NAME)
        .and_then(|scheme| serde_json::to_value(scheme).ok());
    if let Some(Value::Object(known)) = known
        .as_ref()
        .and_then(|known| known.pointer(SCOPES_POINTER))
    {
        scopes.extend(known.keys().cloned());
    }
    scopes.extend(required.parts().scopes.iter().cloned());
    let scopes: Scopes = scopes
        .into_iter()
        .map(|scope| (scope, String::new()))
        .collect();
    let flow = AuthorizationCode::new(
        endpoint(auth.fief(), "authorize"),
        endpoint(auth.fief(), "api/token"),
        scopes,
    );
    let scheme = SecurityScheme::OAuth2(OAuth2::new([Flow::AuthorizationCode(flow)]));
    schemes.insert(SCHEME_NAME.into(), RefOr::T(scheme));
}

/// Where browsers reach one of Fief's endpoints, which are beside its logout page.
fn endpoint(fief: &Fief, path: &str) -> String {
    let logout = fief.logout_url("");
    let base = logout.as_str().split("/logout?").next().unwrap_or_default();
    format!("{base}/{path}")
}

const SCHEME_NAME: &str = "fief";
const SCOPES_POINTER: &str = "/flows/authorizationCode/scopes";
const METHODS: [Method; 7] = [
    Method::DELETE,
    Method::GET,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
    Method::POST,
    Method::PUT,
];
