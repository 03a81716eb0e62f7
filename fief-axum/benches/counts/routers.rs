use std::{hint::black_box, sync::Arc};

use axum::{
    Extension, Router,
    http::Method,
    routing::{MethodRouter, get, post},
};
use fief_axum::{Authenticated, Authorized, CurrentUser, FiefAuth, Policy, RequireLayer};
use fief_client::{FiefAcr, Requirements};
use tower::layer::util::Identity;

use crate::{bare::castles, inputs::Inputs};

pub(crate) fn extension(_: &Inputs) -> Router {
    let route = get(extension_handler).route_layer(Identity::new());
    let value: Arc<str> = Arc::from("Chambord");
    let router = Router::new().route("/castles", route);
    router.layer(Extension(value)).with_state(())
}

/// A guard without the layer.
pub(crate) fn guard(inputs: &Inputs) -> Router {
    let route = get(castles).route_layer(create(&inputs.api()));
    Router::new().route("/castles", route).with_state(())
}

pub(crate) fn extractor(inputs: &Inputs) -> Router {
    layered(&inputs.api(), get(authenticated_handler))
}

pub(crate) fn guard_and_extractor(inputs: &Inputs) -> Router {
    let auth = inputs.api();
    guarded(&auth, create(&auth))
}

pub(crate) fn authorized(inputs: &Inputs) -> Router {
    layered(&inputs.api(), get(authorized_handler))
}

pub(crate) fn policy(inputs: &Inputs) -> Router {
    let auth = inputs.api();
    guarded(&auth, auth.require().policy::<CanCreate>())
}

/// The third entry matches.
pub(crate) fn paths(inputs: &Inputs) -> Router {
    let auth = inputs.api();
    let paths = auth
        .paths()
        .public("/health")
        .require_method(Method::DELETE, "/castles", auth.require())
        .require("/castles", create(&auth));
    let router = Router::new().route("/castles", get(authenticated_handler));
    router.layer(paths).layer(auth.layer()).with_state(())
}

pub(crate) fn session(inputs: &Inputs) -> Router {
    let auth = inputs.web().build().unwrap();
    guarded(&auth, create(&auth))
}

pub(crate) fn session_user(inputs: &Inputs) -> Router {
    let auth = inputs.web().build().unwrap();
    layered(&auth, get(user_handler).route_layer(create(&auth)))
}

#[cfg(feature = "tower-sessions")]
pub(crate) fn stored_session(inputs: &Inputs) -> Router {
    let auth = inputs.web().session_store(inputs.store.clone());
    let auth = auth.build().unwrap();
    guarded(&auth, create(&auth))
}

pub(crate) fn session_post(inputs: &Inputs) -> Router {
    let auth = inputs.web().build().unwrap();
    let route = post(authenticated_handler).route_layer(create(&auth));
    layered(&auth, route)
}

pub(crate) fn optional(inputs: &Inputs) -> Router {
    let auth = inputs.api();
    let route = get(optional_handler).route_layer(auth.require().optional());
    layered(&auth, route)
}

pub(crate) fn other_permission(inputs: &Inputs) -> Router {
    let auth = inputs.api();
    guarded(&auth, auth.require().permission("castles:delete"))
}

pub(crate) fn other_scope(inputs: &Inputs) -> Router {
    let auth = inputs.api();
    guarded(&auth, auth.require().scope("castles"))
}

pub(crate) fn higher_acr(inputs: &Inputs) -> Router {
    let auth = inputs.api();
    guarded(&auth, auth.require().acr(FiefAcr::LevelOne))
}

fn guarded(auth: &FiefAuth, guard: RequireLayer) -> Router {
    layered(auth, get(authenticated_handler).route_layer(guard))
}

fn layered(auth: &FiefAuth, route: MethodRouter) -> Router {
    let router = Router::new().route("/castles", route);
    router.layer(auth.layer()).with_state(())
}

fn create(auth: &FiefAuth) -> RequireLayer {
    auth.require().permission("castles:create")
}

struct CanCreate;

impl Policy for CanCreate {
    fn requirements() -> Requirements {
        Requirements::new().permission("castles:create")
    }
}

async fn extension_handler(Extension(value): Extension<Arc<str>>) -> &'static str {
    black_box(value);
    castles().await
}

async fn authenticated_handler(Authenticated(token): Authenticated) -> &'static str {
    black_box(token.id());
    castles().await
}

async fn authorized_handler(authorized: Authorized<CanCreate>) -> &'static str {
    black_box(authorized.id());
    castles().await
}

async fn user_handler(CurrentUser(user): CurrentUser) -> &'static str {
    black_box(user.sub);
    castles().await
}

async fn optional_handler(token: Option<Authenticated>) -> &'static str {
    black_box(token);
    castles().await
}
