//! What guards require, in the description of an API.

use std::time::Duration;

use axum::http::Method;
use fief_axum::{Authorized, FiefAuth, FiefAuthBuilder, Policy, RequireLayer, SessionKey};
use fief_client::{Fief, FiefAcr, Requirements};
use serde_json::{Value, json};
use tracing::Level;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        HttpMethod, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder, RefOr,
        ResponseBuilder, Responses, ResponsesBuilder, Schema,
        path::{Operation, OperationBuilder},
    },
};

use crate::client::log::Log;

struct CanCreate;

impl Policy for CanCreate {
    fn requirements() -> Requirements {
        Requirements::new()
            .scope("castles")
            .permission("castles:create")
    }
}

fn auth() -> FiefAuth {
    let fief = Fief::builder("http://127.0.0.1:8000/tenant", "CLIENT_ID");
    FiefAuth::new(
        fief.public_url("https://fief.example.com/tenant")
            .build()
            .unwrap(),
    )
}

fn builder() -> FiefAuthBuilder {
    let fief = Fief::builder("https://fief.example.com", "CLIENT_ID");
    FiefAuth::builder(fief.build().unwrap())
}

fn authorized() -> Responses {
    let responses = ResponsesBuilder::new();
    responses
        .responses_from_into_responses::<Authorized<CanCreate>>()
        .build()
}

fn document() -> OpenApi {
    let get = || PathItem::new(HttpMethod::Get, Operation::new());
    let castles =
        PathItem::from_http_methods([HttpMethod::Get, HttpMethod::Post], Operation::new());
    let paths = PathsBuilder::new()
        .path("/", get())
        .path("/castles", castles)
        .path("/forgotten", get());
    OpenApiBuilder::new().paths(paths).build()
}

fn json(document: &OpenApi) -> Value {
    serde_json::to_value(document).unwrap()
}

/// I13
#[test]
fn the_scheme_is_an_authorization_code_login_where_browsers_reach_fief() {
    let mut document = document();
    auth().paths().describe(&mut document);

    let expected = json!({
        "type": "oauth2",
        "flows": {"authorizationCode": {
            "authorizationUrl": "https://fief.example.com/tenant/authorize",
            "tokenUrl": "https://fief.example.com/tenant/api/token",
            "scopes": {"openid": ""},
        }},
    });
    assert_eq!(
        json(&document)["components"]["securitySchemes"]["fief"],
        expected
    );
}

/// I13
#[test]
fn a_table_describes_each_operation_that_it_has() {
    let auth = auth();
    let table = auth
        .paths()
        .optional("/")
        .require_method(
            Method::POST,
            "/castles",
            auth.require().policy::<CanCreate>(),
        )
        .public("/castles");
    let mut document = document();
    table.describe(&mut document);

    let document = json(&document);
    let paths = &document["paths"];
    assert_eq!(paths["/"]["get"]["security"], json!([{}, {"fief": []}]));
    assert_eq!(paths["/castles"]["get"]["security"], json!([]));
    let post = &paths["/castles"]["post"];
    assert_eq!(post["security"], json!([{"fief": ["castles"]}]));
    let description = "Requires the scope `castles` and the permission `castles:create`.";
    assert_eq!(post["responses"]["403"]["description"], description);
    assert_eq!(
        post["responses"]["401"]["description"],
        "No valid access token."
    );
    assert!(paths["/forgotten"]["get"].get("security").is_none());
    let scheme = &document["components"]["securitySchemes"]["fief"];
    let scopes = &scheme["flows"]["authorizationCode"]["scopes"];
    assert_eq!(*scopes, json!({"castles": "", "openid": ""}));
}

/// I13
#[test]
fn a_guard_describes_its_own_operation() {
    let auth = auth();
    let mut document = document();
    let guard = auth
        .require()
        .any_permission(["a", "b"])
        .acr(FiefAcr::LevelOne);
    let guard = guard.max_age(Duration::from_secs(300));

    guard.describe(&mut document, &Method::GET, "/castles");
    auth.require()
        .scope("x")
        .describe(&mut document, &Method::GET, "/");
    auth.require()
        .describe(&mut document, &Method::GET, "/nowhere");

    let document = json(&document);
    let get = &document["paths"]["/castles"]["get"];
    assert_eq!(
        get["responses"]["403"]["description"],
        "Requires the permission `a` or `b`."
    );
    let login = get["responses"]["401"]["description"].as_str().unwrap();
    assert!(
        login.contains("ACR 1") && login.contains("300 seconds"),
        "{login}"
    );
    assert!(
        document["paths"]["/castles"]["post"]
            .get("security")
            .is_none()
    );
}

const METHODS: [(HttpMethod, &str); 7] = [
    (HttpMethod::Delete, "delete"),
    (HttpMethod::Get, "get"),
    (HttpMethod::Head, "head"),
    (HttpMethod::Options, "options"),
    (HttpMethod::Patch, "patch"),
    (HttpMethod::Post, "post"),
    (HttpMethod::Put, "put"),
];

/// A document of one path, with this operation for every method.
fn castles(operation: Operation) -> OpenApi {
    let castles = PathItem::from_http_methods(METHODS.map(|(method, _)| method), operation);
    let paths = PathsBuilder::new().path("/castles", castles);
    OpenApiBuilder::new().paths(paths).build()
}

/// I13
#[test]
fn every_method_is_described() {
    let auth = auth();
    let mut document = castles(Operation::new());
    let table = auth.paths().require("/castles", auth.require().scope("x"));
    table.describe(&mut document);

    let operations = &json(&document)["paths"]["/castles"];
    for (_, method) in METHODS {
        let security = &operations[method]["security"];
        assert_eq!(*security, json!([{"fief": ["x"]}]), "{method}");
    }
}

/// I13
#[test]
fn only_possible_responses_are_described() {
    let auth = auth();
    let described = |guard: RequireLayer| {
        let mut document = castles(Operation::new());
        guard.describe(&mut document, &Method::GET, "/castles");
        json(&document)["paths"]["/castles"]["get"]["responses"].clone()
    };

    assert!(described(auth.require()).get("403").is_none());
    assert!(described(auth.require().optional()).get("401").is_none());
    let step_up = described(auth.require().acr(FiefAcr::LevelOne).optional());
    assert!(step_up["401"].to_string().contains("ACR 1"));
    let predicate = described(auth.require().predicate(|_| true));
    assert_eq!(predicate["403"]["description"], "Not allowed.");
}

/// I13
#[test]
fn a_response_that_is_already_described_stays() {
    let own = ResponseBuilder::new().description("Mine.");
    let mut document = castles(OperationBuilder::new().response("403", own).build());

    let guard = auth().require().scope("a");
    guard.describe(&mut document, &Method::GET, "/castles");

    let responses = &json(&document)["paths"]["/castles"]["get"]["responses"];
    assert_eq!(responses["403"]["description"], "Mine.");
}

/// I13
#[test]
fn guards_that_are_described_one_by_one_share_a_scheme() {
    let auth = auth();
    let mut document = castles(Operation::new());
    let (a, b) = (auth.require().scope("a"), auth.require().scope("b"));

    a.describe(&mut document, &Method::GET, "/castles");
    b.describe(&mut document, &Method::POST, "/castles");

    let scheme = &json(&document)["components"]["securitySchemes"]["fief"];
    let scopes = &scheme["flows"]["authorizationCode"]["scopes"];
    assert_eq!(*scopes, json!({"a": "", "b": "", "openid": ""}));
}

/// FD-87
#[test]
fn an_operation_that_is_not_in_the_document_is_logged() {
    let (log, _guard) = Log::of(Level::ERROR);

    auth()
        .require()
        .describe(&mut document(), &Method::GET, "/casltes");

    assert!(log.text().contains("/casltes"), "{}", log.text());
}

/// D25
#[test]
fn a_handler_describes_what_its_policy_requires() {
    let mut document = castles(OperationBuilder::new().responses(authorized()).build());

    auth().describe(&mut document);

    let document = json(&document);
    let get = &document["paths"]["/castles"]["get"];
    assert_eq!(get["security"], json!([{"fief": ["castles"]}]));
    let description = "Requires the scope `castles` and the permission `castles:create`.";
    assert_eq!(get["responses"]["403"]["description"], description);
    let scopes =
        document.pointer("/components/securitySchemes/fief/flows/authorizationCode/scopes");
    assert_eq!(scopes, Some(&json!({"castles": "", "openid": ""})));
    assert!(!document.to_string().contains("x-fief"), "{document}");
}

/// D25: both must be met.
#[test]
fn a_guard_and_its_handler_are_described_together() {
    let auth = auth();
    let operation = || OperationBuilder::new().responses(authorized()).build();
    let tables = [
        auth.paths()
            .require("/castles", auth.require().scope("moats")),
        auth.paths()
            .require("/castles", auth.require().scope("moats").optional()),
    ];

    for table in tables {
        let mut document = castles(operation());
        table.describe(&mut document);
        auth.describe(&mut document);
        let get = &json(&document)["paths"]["/castles"]["get"];
        assert_eq!(get["security"], json!([{"fief": ["moats", "castles"]}]));
    }
    let guard = auth
        .require()
        .permission("moats:fill")
        .acr(FiefAcr::LevelOne);
    let mut document = castles(operation());
    guard.describe(&mut document, &Method::GET, "/castles");
    let document = json(&document);
    let description = |status: &str| {
        let response = &document["paths"]["/castles"]["get"]["responses"][status];
        response["description"].as_str().unwrap_or_default()
    };
    assert_eq!(
        description("403"),
        "Requires the scope `castles` and the permission `castles:create`. Requires the permission `moats:fill`."
    );
    assert_eq!(
        description("401"),
        "No valid access token, or a login below ACR 1."
    );
    let get = document["paths"]["/castles"]["get"].to_string();
    assert!(!get.contains("x-fief"), "{get}");
    let mut public = castles(operation());
    auth.paths().public("/castles").describe(&mut public);
    let get = &json(&public)["paths"]["/castles"]["get"];
    assert_eq!(get["security"], json!([{"fief": ["castles"]}]));
}

/// D25: one of several permissions does not replace the one that is required.
#[test]
fn a_guard_with_alternatives_hides_no_requirement_of_the_handler() {
    let guard = auth().require().scope("castles");
    let guard = guard.any_permission(["castles:create", "castles:own"]);
    let mut document = castles(OperationBuilder::new().responses(authorized()).build());

    guard.describe(&mut document, &Method::GET, "/castles");

    let get = &json(&document)["paths"]["/castles"]["get"];
    let text = get["responses"]["403"]["description"].as_str().unwrap();
    let own = "Requires the scope `castles` and the permission `castles:create`. ";
    assert!(text.starts_with(own), "{text}");
}

/// D25
#[test]
fn a_handler_without_a_policy_is_not_described() {
    let mut document = document();

    auth().describe(&mut document);

    assert_eq!(json(&document), json(&self::document()));
}

/// I13
#[test]
fn scopes_have_descriptions() {
    let auth = builder()
        .scope_description("castles", "See castles.")
        .build()
        .unwrap();
    let mut document = castles(Operation::new());
    let (a, b) = (auth.require().scope("castles"), auth.require());

    a.describe(&mut document, &Method::GET, "/castles");
    b.describe(&mut document, &Method::POST, "/castles");

    let scopes = json(&document);
    let scopes = scopes.pointer("/components/securitySchemes/fief/flows/authorizationCode/scopes");
    assert_eq!(
        scopes,
        Some(&json!({"castles": "See castles.", "openid": ""}))
    );
}

/// I13
#[test]
fn cookies_have_schemes() {
    let key = SessionKey::generate().unwrap();
    let login = builder()
        .login("https://app.example.com", key)
        .cookie_name("castles");
    let auth = login.access_token_cookie("token").build().unwrap();
    let mut document = castles(Operation::new());

    let guard = auth.require().scope("castles");
    guard.describe(&mut document, &Method::GET, "/castles");

    let document = json(&document);
    let schemes = &document["components"]["securitySchemes"];
    let cookie = |name: &str| json!({"type": "apiKey", "in": "cookie", "name": name});
    assert_eq!(schemes["fief_session"], cookie("__Host-castles_session"));
    assert_eq!(schemes["fief_token"], cookie("token"));
    let security = json!([{"fief": ["castles"]}, {"fief_session": []}, {"fief_token": []}]);
    assert_eq!(document["paths"]["/castles"]["get"]["security"], security);
}

/// The body of an application's own rejections.
struct Problem;

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("title", ObjectBuilder::new())
            .into()
    }
}

impl ToSchema for Problem {}

/// I13
#[test]
fn the_schema_of_rejections_can_be_replaced() {
    let own = builder().rejection_schema::<Problem>().build().unwrap();

    for (auth, name, member) in [
        (auth(), "FiefRejection", "error"),
        (own, "Problem", "title"),
    ] {
        let mut document = castles(Operation::new());
        let guard = auth.require().scope("castles");
        guard.describe(&mut document, &Method::GET, "/castles");
        let document = json(&document);
        for status in ["401", "403", "503"] {
            let response = &document["paths"]["/castles"]["get"]["responses"][status];
            let schema = &response["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(*schema, format!("#/components/schemas/{name}"), "{status}");
        }
        let schema = &document["components"]["schemas"][name];
        assert!(schema["properties"].get(member).is_some(), "{schema}");
    }
}
