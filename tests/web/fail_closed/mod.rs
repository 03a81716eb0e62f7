//! No failure lets a request reach a guarded handler.

mod credentials;
mod trouble;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, Response},
    routing::{MethodRouter, any},
};
use fief_axum::{Authenticated, Authorized, CurrentUser, FiefAuth, Policy};
use fief_client::{Fief, Requirements};
use fief_test_server::{FiefTestServer, User};
use proptest::{prelude::*, sample::select};
use tokio::{runtime::Runtime, time::timeout};
use tower::ServiceExt;

use self::{
    credentials::{CREDENTIALS, Known, are_good, request},
    trouble::{Trouble, troubles},
};
use super::{APP, COOKIE, EMAIL, fief, one};
use crate::login::key;

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
    GuardAndUser,
    NestedGuards,
    OptionalInside,
    OptionalOutside,
    Policy,
    Paths,
    /// The table only has other paths.
    OtherPaths,
}

/// The position of the layer.
#[derive(Clone, Copy, Debug)]
enum Layer {
    Inside,
    Missing,
    Outside,
    Twice,
    Foreign,
}

fn handler(protection: Protection, auth: &FiefAuth, reached: &Arc<AtomicUsize>) -> Router {
    let reached = Arc::clone(reached);
    let reach = move || async move {
        reached.fetch_add(1, Ordering::Relaxed);
    };
    let guard = auth.require().permission("create");
    let optional = auth.require().optional();
    let route: MethodRouter = match protection {
        Protection::Policy => any(move |_: Authorized<CanCreate>| reach()),
        Protection::GuardAndExtractor => any(move |_: Authenticated| reach()).layer(guard),
        Protection::GuardAndUser => any(move |_: CurrentUser| reach()).layer(guard),
        Protection::NestedGuards => any(reach)
            .layer::<_, Infallible>(guard)
            .layer(auth.require()),
        Protection::OptionalInside => any(reach).layer::<_, Infallible>(optional).layer(guard),
        Protection::OptionalOutside => any(reach).layer::<_, Infallible>(guard).layer(optional),
        Protection::Guard => any(reach).layer(guard),
        Protection::Paths => {
            return one(any(reach)).layer(auth.paths().require("/", guard));
        }
        Protection::OtherPaths => {
            let table = auth.paths().public("/other").public_fallback();
            return one(any(reach)).layer(table);
        }
    };
    one(route)
}

fn auth(fief: Fief, answers_itself: bool) -> FiefAuth {
    let builder = FiefAuth::builder(fief)
        .login(APP, key())
        .cookie_name("fief");
    let builder = builder.access_token_cookie(COOKIE);
    let builder = if answers_itself {
        builder.on_rejection(|_| "outside")
    } else {
        builder
    };
    builder.build().unwrap()
}

fn app(app: Router, layer: Layer, auth: &FiefAuth, other: &FiefAuth) -> Router {
    match layer {
        // Inside of a guard, which then does what the layer would have done.
        Layer::Inside => app.layer(auth.layer()).layer(auth.require()),
        Layer::Missing => app,
        Layer::Outside => app.layer(auth.layer()),
        Layer::Twice => app.layer(auth.layer()).layer(auth.layer()),
        Layer::Foreign => app.layer(other.layer()),
    }
}

/// Returns `true` if the handler can be reached with the layer in this position.
fn is_in_place(protection: Protection, layer: Layer) -> bool {
    match (protection, layer) {
        (Protection::OtherPaths, _) => false,
        // A policy works with the layer of another `FiefAuth` too, but not without a layer.
        (_, Layer::Foreign) => matches!(protection, Protection::Policy),
        (_, Layer::Missing) => !matches!(protection, Protection::Policy),
        _ => true,
    }
}

/// Returns `None` if the response did not arrive in time.
async fn response(app: Router, request: Request<Body>, trouble: Trouble) -> Option<Response<Body>> {
    let response = app.oneshot(request);
    let response = if trouble.hangs() {
        timeout(Duration::from_millis(20), response).await.ok()?
    } else {
        response.await
    };
    Some(response.unwrap())
}

fn protections() -> impl Strategy<Value = Protection> {
    use Protection as P;
    select(vec![
        P::Guard,
        P::GuardAndExtractor,
        P::GuardAndUser,
        P::NestedGuards,
        P::OptionalInside,
        P::OptionalOutside,
        P::Policy,
        P::Paths,
        P::OtherPaths,
    ])
}

/// D5, RB-6, Q31, Q32: for any order of layers, state of Fief and credentials, only valid credentials that meet the
/// requirements reach the handler, and only if layer and guard are in place. The response does not matter.
#[test]
fn only_valid_credentials_reach_the_handler() {
    use Layer as L;
    let runtime = Runtime::new().unwrap();
    let anne = User::new(EMAIL, "herminetincture").permission("create");
    let server = runtime.block_on(FiefTestServer::builder().user(anne).start());
    let server = server.unwrap();
    let known = runtime.block_on(Known::new(&server));
    let client = fief(&server);
    let layers = vec![L::Inside, L::Missing, L::Outside, L::Twice, L::Foreign];
    let good = CREDENTIALS[CREDENTIALS.len() - 4..].to_vec();
    let credentials = prop_oneof![4 => select(CREDENTIALS.to_vec()), 1 => select(good)];
    let methods = select(vec![
        Method::GET,
        Method::POST,
        Method::OPTIONS,
        Method::HEAD,
        Method::DELETE,
    ]);
    let cases = (
        protections(),
        select(layers),
        troubles(),
        credentials,
        methods,
        proptest::bool::ANY,
    );

    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(280)
    };
    proptest!(config, |((protection, layer, trouble, credentials, method, answers_itself) in cases)| {
        server.clear_faults();
        trouble.of(&server);
        let is_known = matches!(trouble, Trouble::None) || trouble.is_of_userinfo();
        // Fief's other troubles affect a client that has not fetched anything.
        let client = if is_known { client.clone() } else { fief(&server) };
        let auths = [(); 2].map(|()| auth(client.clone(), answers_itself));
        let reached = Arc::new(AtomicUsize::new(0));
        let handler = handler(protection, &auths[0], &reached);
        let app = app(handler, layer, &auths[0], &auths[1]);
        let sent = request(credentials, method.clone(), &server, &known);

        let response = runtime.block_on(response(app, sent, trouble));

        let is_well = matches!(trouble, Trouble::None)
            || trouble.is_of_userinfo() && !matches!(protection, Protection::GuardAndUser);
        let expected = are_good(credentials, &method) && is_well && is_in_place(protection, layer);
        // The test does not wait for what hangs, so a request may not have reached its handler yet.
        if !(trouble.hangs() && response.is_none() && expected) {
            prop_assert_eq!(reached.load(Ordering::Relaxed), usize::from(expected));
        }
        if let Some(response) = response.filter(|_| !answers_itself) {
            prop_assert_eq!(response.status().is_success(), expected);
        }
    });
}
