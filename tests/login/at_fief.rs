//! Settings of an application that Fief sees, or that see Fief's tokens: with the test server and with the real Fief.

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, request::Builder},
};
use fief_axum::{Authenticated, FiefAuth, FiefAuthBuilder, FoundToken};
use tower::ServiceExt;

use super::{Visitor, any_fief::AnyFief, app, key, page};

const APP: &str = "http://127.0.0.1:3000";
const PHONE: &str = "http://192.168.178.20:3000";
const SPA: &str = "http://localhost:5173";

contract! {
    At:
    a_login_returns_to_another_origin,
    a_trusted_origin_acts_with_the_session,
    a_login_works_at_an_address_of_the_local_network,
    tokens_are_accepted_in_other_places,
    an_application_that_can_log_in_is_ready,
}

/// Makes an application's Fief.
struct At {
    is_real: bool,
}

impl At {
    async fn embedded() -> Self {
        Self { is_real: false }
    }

    async fn real() -> Self {
        Self { is_real: true }
    }

    async fn fief(&self, app_url: &str) -> AnyFief {
        if self.is_real {
            AnyFief::real(app_url).await
        } else {
            AnyFief::embedded(app_url).await
        }
    }
}

fn web(fief: &AnyFief, app_url: &str) -> FiefAuthBuilder {
    FiefAuth::builder(fief.client().build().unwrap())
        .login(app_url, key())
        .cookie_name("fief")
}

async fn logged_in(fief: &AnyFief, builder: FiefAuthBuilder) -> Visitor {
    let mut visitor = Visitor::new(app(&builder.build().unwrap()));
    let callback = fief.begin(&mut visitor, "/login").await;
    assert_eq!(visitor.open(&callback).await.status, 303);
    visitor
}

/// D14
async fn a_login_returns_to_another_origin(at: &At) {
    let fief = at.fief(APP).await;
    let auth = web(&fief, APP).return_origin(SPA).build().unwrap();
    let mut visitor = Visitor::new(app(&auth));
    let login = "/login?return_to=http%3A%2F%2Flocalhost%3A5173%2Fcart";

    let callback = fief.begin(&mut visitor, login).await;
    let response = visitor.open(&callback).await;

    assert_eq!(response.header("location"), "http://localhost:5173/cart");
}

/// D14, FD-84
async fn a_trusted_origin_acts_with_the_session(at: &At) {
    let fief = at.fief(APP).await;
    for (builder, status) in [
        (web(&fief, APP).trusted_origin(SPA), 200),
        (web(&fief, APP), 403),
    ] {
        let mut visitor = logged_in(&fief, builder).await;
        let request = Request::post("/write")
            .header("origin", SPA)
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-site", "cross-site");

        let response = visitor.send(request.body(Body::empty()).unwrap()).await;

        assert_eq!(response.status, status);
    }
}

/// D14
async fn a_login_works_at_an_address_of_the_local_network(at: &At) {
    let fief = at.fief(PHONE).await;
    let mut visitor = logged_in(&fief, web(&fief, PHONE).insecure_http()).await;

    assert_eq!(visitor.send(page("/castles", "none")).await.status, 200);
}

/// D23
async fn tokens_are_accepted_in_other_places(at: &At) {
    let fief = at.fief(APP).await;
    let token = token(&fief).await;
    let api = || FiefAuth::builder(fief.client().build().unwrap());
    let websocket = |request: Builder| {
        let request = request.header("upgrade", "websocket");
        request.header("connection", "upgrade")
    };
    let places = [
        (
            api().authorization_scheme("Token"),
            Request::get("/castles").header("authorization", format!("Token {token}")),
        ),
        (
            api().token_source(|request| {
                let token = request.headers().get("x-token")?.to_str().ok()?;
                Some(FoundToken::explicit(token))
            }),
            Request::get("/castles").header("x-token", &token),
        ),
        (
            api().websocket_token_prefix("bearer."),
            websocket(Request::get("/castles"))
                .header("sec-websocket-protocol", format!("chat, bearer.{token}")),
        ),
    ];
    for (builder, request) in places {
        let auth = builder.build().unwrap();
        let guarded = axum::routing::get(async || "castles").route_layer(auth.require());
        let app = Router::new().route("/castles", guarded);

        let response = app.oneshot(request.body(Body::empty()).unwrap()).await;

        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }
}

/// Returns an access token that Fief has issued at a login.
async fn token(fief: &AnyFief) -> String {
    let auth = web(fief, APP).build().unwrap();
    let shown = async |Authenticated(token): Authenticated| token.access_token().to_owned();
    let shown = Router::new()
        .route("/token", axum::routing::get(shown))
        .layer(auth.layer())
        .merge(app(&auth));
    let mut visitor = Visitor::new(shown);
    let callback = fief.begin(&mut visitor, "/login").await;
    visitor.open(&callback).await;
    visitor.open("/token").await.body
}

/// Its keys are those of Fief, and its sessions need no store.
async fn an_application_that_can_log_in_is_ready(at: &At) {
    let fief = at.fief(APP).await;
    let auth = web(&fief, APP).ready_route("/ready").build().unwrap();
    let mut visitor = Visitor::new(app(&auth));
    let callback = fief.begin(&mut visitor, "/login").await;
    visitor.open(&callback).await;

    let response = visitor.open("/ready").await;

    assert_eq!(response.status, 200, "{}", response.body);
}
