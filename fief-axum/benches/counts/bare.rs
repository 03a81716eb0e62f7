//! Routers whose layers do nothing, where those of `routers` have theirs.

use axum::{
    Router,
    routing::{MethodRouter, get, post},
};
use tower::layer::util::Identity;

pub(crate) fn guard() -> Router {
    let route = get(castles).route_layer(Identity::new());
    Router::new().route("/castles", route).with_state(())
}

pub(crate) fn layer() -> Router {
    layered(get(castles))
}

pub(crate) fn layer_and_guard() -> Router {
    layered(get(castles).route_layer(Identity::new()))
}

pub(crate) fn layer_and_guard_of_post() -> Router {
    layered(post(castles).route_layer(Identity::new()))
}

pub(crate) fn two_layers() -> Router {
    let router = Router::new().route("/castles", get(castles));
    let router = router.layer(Identity::new());
    router.layer(Identity::new()).with_state(())
}

fn layered(route: MethodRouter) -> Router {
    let router = Router::new().route("/castles", route);
    router.layer(Identity::new()).with_state(())
}

pub(crate) async fn castles() -> &'static str {
    "Chambord"
}
