//! Nothing that goes wrong reaches a guarded handler.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
    routing::{MethodRouter, any},
};
use fief_axum::{Authenticated, Authorized, FiefAuth, Policy};
use fief_client::{Fief, Requirements};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use proptest::{prelude::*, sample::select};
use tokio::runtime::Runtime;
use tower::ServiceExt;

use super::{fief, one};

struct CanCreate;

impl Policy for CanCreate {
    fn requirements() -> Requirements {
        Requirements::new().permission("create")
    }
}

/// How the handler is protected. Each requires the permission `create`.
#[derive(Clone, Copy, Debug)]
enum Protection {
    Guard,
    GuardAndExtractor,
    NestedGuards,
    Policy,
    Paths,
}

/// Where the layer is.
#[derive(Clone, Copy, Debug)]
enum Layer {
    Inside,
    Missing,
    Outside,
    Twice,
    Foreign,
}

#[derive(Clone, Copy, Debug)]
enum Trouble {
    None,
    Discovery(u16),
    Keys(u16),
    Garbage,
    Cut,
}

const TOKENS: [&str; 14] = [
    "none",
    "empty",
    "garbage",
    "basic",
    "twice",
    "expired",
    "foreign key",
    "other client",
    "unsigned",
    "id token",
    "no permission",
    "odd permission",
    "cookie",
    "good",
];

fn handler(protection: Protection, auth: &FiefAuth, reached: &Arc<AtomicUsize>) -> Router {
    let reached = Arc::clone(reached);
    let reach = move || async move {
        reached.fetch_add(1, Ordering::Relaxed);
    };
    let guard = auth.require().permission("create");
    let route: MethodRouter = match protection {
        Protection::Policy => any(move |_: Authorized<CanCreate>| reach()),
        Protection::GuardAndExtractor => any(move |_: Authenticated| reach()).layer(guard),
        Protection::NestedGuards => any(reach)
            .layer::<_, Infallible>(guard)
            .layer(auth.require()),
        Protection::Guard => any(reach).layer(guard),
        Protection::Paths => {
            return one(any(reach)).layer(auth.paths().require("/", guard));
        }
    };
    one(route)
}

fn app(fief: Fief, protection: Protection, layer: Layer, reached: &Arc<AtomicUsize>) -> Router {
    let auth = FiefAuth::new(fief.clone());
    let other = FiefAuth::new(fief);
    let app = handler(protection, &auth, reached);
    match layer {
        // Inside of a guard, which then makes what the layer would have made.
        Layer::Inside => app.layer(auth.layer()).layer(auth.require()),
        Layer::Missing => app,
        Layer::Outside => app.layer(auth.layer()),
        Layer::Twice => app.layer(auth.layer()).layer(auth.layer()),
        Layer::Foreign => app.layer(other.layer()),
    }
}

fn request(token: &str, method: Method, server: &FiefTestServer) -> Request<Body> {
    let mint = || server.access_token().permission("create");
    let bearer = |token: String| Some(format!("Bearer {token}"));
    let good = mint().mint();
    let header = match token {
        "empty" => bearer(String::new()),
        "garbage" => bearer("a.b.c".into()),
        "basic" => Some(format!("Basic {good}")),
        "twice" => bearer(format!("{good}, Bearer {good}")),
        "expired" => bearer(mint().expires_in(-3600).mint()),
        "foreign key" => bearer(mint().foreign_key().mint()),
        "other client" => bearer(mint().audience("other").mint()),
        "unsigned" => bearer(good.rsplit_once('.').unwrap().0.to_owned() + "."),
        "id token" => bearer(server.id_token().mint()),
        "no permission" => bearer(server.access_token().mint()),
        "odd permission" => bearer(mint().claim("permissions", "create").mint()),
        "good" => bearer(good.clone()),
        _ => None,
    };
    let mut request = Request::builder().method(method).uri("/");
    if let Some(header) = header {
        request = request.header("authorization", header);
    }
    if token == "cookie" {
        request = request.header(
            "cookie",
            format!("user_session={good}; __Host-fief_session=1.{good}"),
        );
    }
    request.body(Body::empty()).unwrap()
}

fn trouble(server: &FiefTestServer, trouble: Trouble) {
    match trouble {
        Trouble::None => {}
        Trouble::Discovery(status) => server.fault(Endpoint::Discovery, Fault::status(status)),
        Trouble::Keys(status) => server.fault(Endpoint::Jwks, Fault::status(status)),
        Trouble::Garbage => server.fault(Endpoint::Jwks, Fault::garbage()),
        Trouble::Cut => server.fault(Endpoint::Discovery, Fault::cut()),
    }
}

/// D5, RB-6, Q31, Q32: whatever the order of the layers, the state of Fief and the credentials, only a good token
/// with what is required gets in, and only where everything is in its place.
#[test]
fn only_the_good_token_reaches_the_handler() {
    use {Layer as L, Protection as P, Trouble as T};
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(FiefTestServer::start());
    let protections = select(vec![
        P::Guard,
        P::GuardAndExtractor,
        P::NestedGuards,
        P::Policy,
        P::Paths,
    ]);
    let layers = select(vec![
        L::Inside,
        L::Missing,
        L::Outside,
        L::Twice,
        L::Foreign,
    ]);
    let troubles = prop_oneof![
        4 => Just(T::None),
        1 => select(vec![301, 400, 401, 404, 429, 500, 503]).prop_map(T::Discovery),
        1 => select(vec![204, 302, 401, 500, 503]).prop_map(T::Keys),
        1 => Just(T::Garbage),
        1 => Just(T::Cut),
    ];
    let tokens = prop_oneof![5 => select(TOKENS.to_vec()), 1 => Just("good")];
    let methods = select(vec![
        Method::GET,
        Method::POST,
        Method::OPTIONS,
        Method::HEAD,
        Method::DELETE,
    ]);
    let known = fief(&server);
    let cases = (protections, layers, troubles, tokens, methods);

    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    };
    proptest!(config, |((protection, layer, wrong, token, method) in cases)| {
        server.clear_faults();
        trouble(&server, wrong);
        let reached = Arc::new(AtomicUsize::new(0));
        // Fief's troubles meet a client that knows nothing yet.
        let fief = if matches!(wrong, T::None) { known.clone() } else { fief(&server) };
        let app = app(fief, protection, layer, &reached);
        let request = request(token, method, &server);

        let response = runtime.block_on(app.oneshot(request)).unwrap();

        // A policy is of whoever's layer is around it, and none is none.
        let is_in_place = match layer {
            L::Foreign => matches!(protection, P::Policy),
            L::Missing => !matches!(protection, P::Policy),
            _ => true,
        };
        let expected = token == "good" && matches!(wrong, T::None) && is_in_place;
        prop_assert_eq!(reached.load(Ordering::Relaxed), usize::from(expected));
        prop_assert_eq!(response.status().is_success(), expected);
    });
}
