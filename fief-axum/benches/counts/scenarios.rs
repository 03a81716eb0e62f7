use axum::{
    Router,
    http::{Request, StatusCode},
};

use crate::{bare, inputs::Inputs, requests, routers};

/// A row of the table: a router, and the requests that it gets in turn.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) router: fn(&Inputs) -> Router,
    /// The same router with layers that do nothing.
    pub(crate) bare: fn() -> Router,
    pub(crate) requests: fn(&Inputs) -> Vec<Request<()>>,
    pub(crate) status: StatusCode,
}

impl Scenario {
    pub(crate) fn find(name: &str) -> &'static Self {
        let mut scenarios = SCENARIOS.iter();
        scenarios.find(|scenario| scenario.name == name).unwrap()
    }
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "axum's Extension",
        router: routers::extension,
        bare: bare::layer_and_guard,
        requests: requests::seen_token,
        status: StatusCode::OK,
    },
    Scenario {
        name: "seen token: guard",
        router: routers::guard,
        bare: bare::guard,
        requests: requests::seen_token,
        status: StatusCode::OK,
    },
    Scenario {
        name: "seen token: extractor",
        router: routers::extractor,
        bare: bare::layer,
        requests: requests::seen_token,
        status: StatusCode::OK,
    },
    Scenario {
        name: "seen token: guard and extractor",
        router: routers::guard_and_extractor,
        bare: bare::layer_and_guard,
        requests: requests::seen_token,
        status: StatusCode::OK,
    },
    Scenario {
        name: "seen token: Authorized<P>",
        router: routers::authorized,
        bare: bare::layer,
        requests: requests::seen_token,
        status: StatusCode::OK,
    },
    Scenario {
        name: "seen token: guard by policy",
        router: routers::policy,
        bare: bare::layer_and_guard,
        requests: requests::seen_token,
        status: StatusCode::OK,
    },
    Scenario {
        name: "seen token: table of paths",
        router: routers::paths,
        bare: bare::two_layers,
        requests: requests::seen_token,
        status: StatusCode::OK,
    },
    Scenario {
        name: "new token",
        router: routers::guard_and_extractor,
        bare: bare::layer_and_guard,
        requests: requests::new_tokens,
        status: StatusCode::OK,
    },
    Scenario {
        name: "session in cookies",
        router: routers::session,
        bare: bare::layer_and_guard,
        requests: requests::session,
        status: StatusCode::OK,
    },
    Scenario {
        name: "session in cookies: CurrentUser",
        router: routers::session_user,
        bare: bare::layer_and_guard,
        requests: requests::session,
        status: StatusCode::OK,
    },
    #[cfg(feature = "tower-sessions")]
    Scenario {
        name: "session in a store",
        router: routers::stored_session,
        bare: bare::layer_and_guard,
        requests: requests::stored_session,
        status: StatusCode::OK,
    },
    Scenario {
        name: "anonymous: optional guard",
        router: routers::optional,
        bare: bare::layer_and_guard,
        requests: requests::no_credentials,
        status: StatusCode::OK,
    },
    Scenario {
        name: "rejected: no credentials",
        router: routers::guard_and_extractor,
        bare: bare::layer_and_guard,
        requests: requests::no_credentials,
        status: StatusCode::UNAUTHORIZED,
    },
    Scenario {
        name: "rejected: malformed header",
        router: routers::guard_and_extractor,
        bare: bare::layer_and_guard,
        requests: requests::malformed_header,
        status: StatusCode::BAD_REQUEST,
    },
    Scenario {
        name: "rejected: garbage",
        router: routers::guard_and_extractor,
        bare: bare::layer_and_guard,
        requests: requests::garbage,
        status: StatusCode::UNAUTHORIZED,
    },
    Scenario {
        name: "rejected: expired token",
        router: routers::guard_and_extractor,
        bare: bare::layer_and_guard,
        requests: requests::expired_token,
        status: StatusCode::UNAUTHORIZED,
    },
    Scenario {
        name: "rejected: unknown kid",
        router: routers::guard_and_extractor,
        bare: bare::layer_and_guard,
        requests: requests::unknown_kid,
        status: StatusCode::UNAUTHORIZED,
    },
    Scenario {
        name: "rejected: missing permission",
        router: routers::other_permission,
        bare: bare::layer_and_guard,
        requests: requests::seen_token,
        status: StatusCode::FORBIDDEN,
    },
    Scenario {
        name: "rejected: missing scope",
        router: routers::other_scope,
        bare: bare::layer_and_guard,
        requests: requests::seen_token,
        status: StatusCode::FORBIDDEN,
    },
    Scenario {
        name: "rejected: ACR too low",
        router: routers::higher_acr,
        bare: bare::layer_and_guard,
        requests: requests::seen_token,
        status: StatusCode::UNAUTHORIZED,
    },
    Scenario {
        name: "rejected: cross-site POST",
        router: routers::session_post,
        bare: bare::layer_and_guard_of_post,
        requests: requests::cross_site_post,
        status: StatusCode::FORBIDDEN,
    },
];
