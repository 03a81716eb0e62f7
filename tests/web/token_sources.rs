//! Tokens that come from elsewhere than `Authorization: Bearer` and cookies.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Body,
    extract::Request as AxumRequest,
    http::{Request, request::Builder},
    response::IntoResponse,
    routing::get,
};
use fief_axum::{Authenticated, FiefAuth, FiefAuthBuilder, FoundToken};
use fief_client::Fief;
use fief_test_server::{FiefTestServer, User};
use serde_json::json;
use tower::ServiceExt;
use tracing::Level;
use utoipa::openapi::{
    HttpMethod, OpenApiBuilder, PathItem, PathsBuilder, path::Operation, security::SecurityScheme,
};

use super::{COOKIE, EMAIL, call, fief, guarded, one, send, unchecked, whoami};
use crate::{
    client::log::Log,
    login::{self, builder, logged_in},
};

/// The header of a program.
const HEADER: &str = "x-access-token";
/// The header that a browser adds on its own.
const AUTOMATIC: &str = "x-automatic-token";
const LOUIS: &str = "louis@example.com";

fn explicit(builder: FiefAuthBuilder) -> FiefAuthBuilder {
    builder.token_source(|request| {
        let token = request.headers().get(HEADER)?;
        Some(
            token
                .to_str()
                .map_or_else(|_| FoundToken::malformed(), FoundToken::explicit),
        )
    })
}

fn by_browser(builder: FiefAuthBuilder) -> FiefAuthBuilder {
    builder.token_source(|request| {
        let token = request.headers().get(AUTOMATIC)?.to_str().ok()?;
        Some(FoundToken::new(token))
    })
}

fn api(server: &FiefTestServer) -> FiefAuthBuilder {
    FiefAuth::builder(fief(server))
}

fn app(builder: FiefAuthBuilder) -> Router {
    guarded(builder.build().unwrap().require())
}

async fn status(app: &Router, request: Builder) -> u16 {
    send(app, request).await.status.as_u16()
}

/// D23, D9
#[tokio::test]
async fn a_token_with_another_scheme_counts_and_is_asked_for() {
    let server = FiefTestServer::start().await;
    let app = app(api(&server).authorization_scheme("Token").realm("castles"));
    let token = server.access_token().mint();
    let with = |value: String| Request::post("/").header("authorization", value);

    for good in ["Token", "token", "TOKEN"] {
        assert_eq!(status(&app, with(format!("{good} {token}"))).await, 200);
    }
    for bad in ["Token".into(), "Token ".into(), format!("Token {token} x")] {
        assert_eq!(status(&app, with(bad)).await, 400);
    }
    let twice = with(format!("Token {token}")).header("authorization", format!("Token {token}"));
    assert_eq!(status(&app, twice).await, 400);
    for other in [format!("Bearer {token}"), format!("Tokens {token}")] {
        let response = send(&app, with(other)).await;
        assert_eq!(response.challenge(), r#"Token realm="castles""#);
    }
    let invalid = send(&app, with("Token x".into())).await;
    let expected = r#"Token realm="castles", error="invalid_token""#;
    assert_eq!(
        (invalid.status.as_u16(), invalid.challenge()),
        (401, expected)
    );
    assert_eq!(invalid.headers.get_all("vary").iter().count(), 1);
}

fn error(set: impl FnOnce(FiefAuthBuilder) -> FiefAuthBuilder) -> String {
    let fief = Fief::builder("https://fief.example.com", "ID").build();
    let built = set(FiefAuth::builder(fief.unwrap())).build();
    built.map(|_| ()).unwrap_err().to_string()
}

/// D23: browsers send some schemes on their own.
#[test]
fn schemes_and_prefixes_that_cannot_be_used_are_rejected() {
    for scheme in ["Basic", "basic", "Negotiate", "NTLM", "ntlm", "Digest"] {
        let error = error(|builder| builder.authorization_scheme(scheme));
        assert!(error.contains("CSRF"), "{scheme}: {error}");
    }
    for scheme in ["", " ", "Token ", "To ken", "Token:", "Tokén", "a\n", "a,b"] {
        let error = error(|builder| builder.authorization_scheme(scheme));
        assert!(error.contains("authorization_scheme must be"), "{error}");
    }
    for prefix in ["", "a b", "a,", "é", &"a".repeat(65)] {
        let error = error(|builder| builder.websocket_token_prefix(prefix));
        assert!(error.contains("websocket_token_prefix must be"), "{error}");
    }
}

/// D8, D14, D23, CS-3: no browser sends it on its own.
#[tokio::test]
async fn an_explicit_token_counts_like_a_bearer_token() {
    let server = FiefTestServer::start().await;
    let app = app(explicit(api(&server)).access_token_cookie(COOKIE));
    let token = server.access_token().mint();
    let expired = server.access_token().expired().mint();
    let cookie = || {
        let request = Request::post("/").header("sec-fetch-site", "same-origin");
        request.header("cookie", format!("{COOKIE}={token}"))
    };

    let cross_site = Request::post("/").header("sec-fetch-site", "cross-site");
    assert_eq!(status(&app, cross_site.header(HEADER, &token)).await, 200);
    assert_eq!(status(&app, cookie()).await, 200);
    for (bad, code) in [(&*expired, 401), ("invalid", 401), ("a b", 400), ("", 400)] {
        assert_eq!(
            status(&app, cookie().header(HEADER, bad)).await,
            code,
            "{bad}"
        );
    }
    let huge = cookie().header(HEADER, "a".repeat(70_000));
    assert_eq!(send(&app, huge).await.error(), "invalid_token");
    let odd = cookie().header(HEADER, [b'a', 0xff].as_slice());
    assert_eq!(send(&app, odd).await.error(), "invalid_request");
    assert_eq!(status(&app, call(&token)).await, 200);
}

/// RFC 6750, section 2
#[tokio::test]
async fn two_explicit_tokens_are_rejected() {
    let server = FiefTestServer::start().await;
    let query = |builder: FiefAuthBuilder| {
        builder.token_source(|request| {
            let token = request.uri().query()?.strip_prefix("token=")?;
            Some(FoundToken::explicit(token))
        })
    };
    let app = app(query(explicit(api(&server))));
    let token = server.access_token().mint();

    let url = format!("/?token={token}");
    assert_eq!(status(&app, Request::get(&url)).await, 200);
    for two in [
        call(&token).header(HEADER, &token),
        Request::get(&url).header(HEADER, &token),
        Request::get(&url).header("authorization", format!("Bearer {token}")),
        call(&token).header(HEADER, ""),
    ] {
        assert_eq!(send(&app, two).await.error(), "invalid_request");
    }
}

/// D8, D14, D23, CS-2: by default a browser may have sent it.
#[tokio::test]
async fn any_other_token_counts_like_a_cookie() {
    let server = FiefTestServer::start().await;
    let app = app(by_browser(api(&server)).access_token_cookie(COOKIE));
    let token = server.access_token().mint();
    let expired = server.access_token().expired().mint();
    let post = |site: &str| {
        let request = Request::post("/").header("sec-fetch-site", site);
        request.header(AUTOMATIC, &token)
    };

    assert_eq!(status(&app, post("same-origin")).await, 200);
    let cross_site = send(&app, post("cross-site")).await;
    assert_eq!(cross_site.error(), "cross_site_request");
    let bearer = post("same-origin").header("authorization", "Bearer INVALID");
    assert_eq!(status(&app, bearer).await, 401);
    // The cookie was configured before, so to speak.
    let cookie = post("same-origin").header("cookie", format!("{COOKIE}={expired}"));
    assert_eq!(status(&app, cookie).await, 401);
    for (value, error) in [
        (&*expired, "invalid_token"),
        ("", "unauthorized"),
        ("invalid", "invalid_token"),
        ("a b", "invalid_token"),
        (&"a".repeat(70_000), "invalid_token"),
    ] {
        let response = send(&app, Request::get("/").header(AUTOMATIC, value)).await;
        assert_eq!(response.error(), error);
    }
}

/// D8: a session takes precedence over what counts like a cookie, and an explicit token over the session.
#[tokio::test]
async fn a_session_takes_precedence_over_what_counts_like_a_cookie() {
    let server = server().await;
    let builder = by_browser(explicit(builder(&server)));
    let (_, mut visitor) = logged_in(&server, builder).await;
    let louis = server.access_token().user(LOUIS).mint();
    let with = |name: &'static str, value: &str| {
        let mut page = login::page("/castles", "none");
        page.headers_mut().insert(name, value.parse().unwrap());
        page
    };

    let (anne, louis_id) = (server.user_id(EMAIL), server.user_id(LOUIS));
    let found = visitor.send(with(AUTOMATIC, &louis)).await;
    assert_eq!(found.body, anne.to_string());
    let found = visitor.send(with(HEADER, &louis)).await;
    assert_eq!(found.body, louis_id.to_string());
    assert_eq!(visitor.send(with(HEADER, "x")).await.status, 303);
    visitor.jar.clear();
    let found = visitor.send(with(AUTOMATIC, &louis)).await;
    assert_eq!(found.body, louis_id.to_string());
}

/// RB: it must not be passed as if there was no token.
#[tokio::test]
async fn a_source_that_panics_is_a_500_and_no_one() {
    let server = FiefTestServer::start().await;
    let (log, _guard) = Log::of(Level::ERROR);
    let builder = explicit(api(&server)).token_source(|request| {
        assert!(!request.headers().contains_key("x-panic"), "out of order");
        None
    });
    let auth = builder.build().unwrap();
    let optional = |token: Option<Authenticated>| async move { token.is_some().to_string() };
    let app = Router::new()
        .route("/", unchecked().route_layer(auth.require()))
        .route("/optional", get(optional))
        .layer(auth.layer());
    let token = server.access_token().mint();

    for path in ["/", "/optional"] {
        let request = || Request::get(path).header(HEADER, &token);
        assert_eq!(status(&app, request()).await, 200);
        let response = send(&app, request().header("x-panic", "1")).await;
        assert_eq!(response.error(), "server_error", "{path}");
    }
    assert!(log.text().contains("`token_source`"), "{}", log.text());
    assert!(!log.text().contains(&token));
}

/// D21: like a bearer token, wherever it comes from.
#[tokio::test]
async fn a_denied_token_is_denied_from_every_source() {
    let server = FiefTestServer::start().await;
    let builder = by_browser(explicit(api(&server)));
    let auth = builder.websocket_token_prefix("token.").build().unwrap();
    let app = guarded(auth.require());
    let token = server.access_token().mint();
    let requests = || {
        let protocol = websocket(&format!("token.{token}"));
        let [explicit, automatic] =
            [HEADER, AUTOMATIC].map(|it| Request::get("/").header(it, &token));
        [explicit, automatic, protocol, call(&token)]
    };
    for request in requests() {
        assert_eq!(status(&app, request).await, 200);
    }

    auth.deny_user(server.user_id(EMAIL)).await.unwrap();

    for request in requests() {
        assert_eq!(send(&app, request).await.error(), "invalid_token");
    }
}

/// D8
#[tokio::test]
async fn a_source_is_asked_once_for_layer_guard_and_extractors() {
    let server = FiefTestServer::start().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let builder = api(&server).token_source(move |request| {
        count.fetch_add(1, Ordering::Relaxed);
        let token = request.headers().get(HEADER)?.to_str().ok()?;
        Some(FoundToken::explicit(token))
    });
    let auth = builder.build().unwrap();
    let handler = async |Authenticated(one): Authenticated, Authenticated(_): Authenticated| {
        one.id().to_string()
    };
    let app = one(get(handler).route_layer(auth.require())).layer(auth.layer());

    let request = Request::get("/").header(HEADER, server.access_token().mint());
    let response = send(&app, request).await;

    assert_eq!(response.body, server.user_id(EMAIL).to_string());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    // A function may look at anything.
    let varies: Vec<_> = response.headers.get_all("vary").iter().collect();
    assert_eq!(varies, ["Cookie, Authorization", "*"]);
    assert_eq!(response.header("cache-control"), "no-store");
}

async fn server() -> FiefTestServer {
    let users = [
        User::new(EMAIL, "herminetincture"),
        User::new(LOUIS, "porcupine"),
    ];
    let builder = FiefTestServer::builder();
    let builder = users.into_iter().fold(builder, |it, user| it.user(user));
    builder.start().await.unwrap()
}

/// FD-76: what was found belongs to what it was found in, the URI as well.
#[tokio::test]
async fn a_part_of_a_batch_has_the_user_of_its_own_source() {
    let server = server().await;
    let builder = explicit(api(&server)).token_source(|request| {
        let token = request.uri().query()?.strip_prefix("token=")?;
        Some(FoundToken::explicit(token))
    });
    let auth = builder.build().unwrap();
    let (anne, louis) = (server.access_token(), server.access_token().user(LOUIS));
    let (anne, louis) = (anne.mint(), louis.mint());
    let (header, uri) = (
        format!("/?part=header-{louis}"),
        format!("/?part=uri-{louis}"),
    );
    let inner = one(get(whoami).route_layer(auth.require()));
    let batch = async move |batch: AxumRequest| {
        let (batch, _) = batch.into_parts();
        let part = batch.uri.query().unwrap().strip_prefix("part=").unwrap();
        let part = match part.split_once('-').unwrap() {
            ("header", token) => Request::get("/").header(HEADER, token),
            (_, token) => Request::get(format!("/?token={token}")),
        };
        let mut part = part.body(Body::empty()).unwrap();
        *part.extensions_mut() = batch.extensions.clone();
        inner.oneshot(part).await
    };
    let app = one(get(batch)).layer(auth.require());

    for part in [header, uri] {
        let response = send(&app, Request::get(part).header(HEADER, &anne)).await;
        assert_eq!(response.body, server.user_id(LOUIS).to_string());
    }
    let none = send(&app, Request::get("/?part=uri-").header(HEADER, &anne)).await;
    assert_eq!(none.status, 400);
}

/// Returns the request of a browser of another site for a WebSocket with these sub-protocols.
fn websocket(protocols: &str) -> Builder {
    Request::get("/")
        .header("upgrade", "websocket")
        .header("origin", "https://spa.example.com")
        .header("sec-websocket-protocol", protocols)
}

/// D23, CS-5: a script has added the token, and no other request can have it.
#[tokio::test]
async fn a_websocket_is_opened_by_the_token_in_its_sub_protocol() {
    let server = FiefTestServer::start().await;
    let app = app(api(&server)
        .websocket_token_prefix("access-token.")
        .access_token_cookie(COOKIE));
    let token = server.access_token().mint();
    let protocol = format!("access-token.{token}");

    for good in [
        protocol.clone(),
        format!("news, {protocol}"),
        format!("{protocol},news"),
    ] {
        assert_eq!(status(&app, websocket(&good)).await, 200);
    }
    let lines = websocket("news").header("sec-websocket-protocol", &protocol);
    assert_eq!(status(&app, lines).await, 200);
    for (bad, code) in [
        ("news", 401),
        ("access-token.", 400),
        ("access-token.invalid", 401),
        (&*format!("Access-Token.{token}"), 401),
        (&*format!("{protocol}, {protocol}"), 400),
        (&*token, 401),
    ] {
        assert_eq!(status(&app, websocket(bad)).await, code, "{bad}");
    }
    let bearer = websocket(&protocol).header("authorization", format!("Bearer {token}"));
    assert_eq!(status(&app, bearer).await, 400);
    let cookie = websocket("access-token.invalid").header("cookie", format!("{COOKIE}={token}"));
    assert_eq!(status(&app, cookie).await, 401);
    let other = Request::get("/").header("sec-websocket-protocol", &protocol);
    assert_eq!(status(&app, other).await, 401);
    let h2c = Request::get("/").header("upgrade", "h2c");
    let h2c = h2c.header("sec-websocket-protocol", &protocol);
    assert_eq!(status(&app, h2c).await, 401);
}

/// D23: it would be in the logs of proxies.
#[tokio::test]
async fn a_handler_cannot_send_the_token_back_as_the_protocol() {
    let server = FiefTestServer::start().await;
    let (log, _guard) = Log::of(Level::ERROR);
    let builder = api(&server).websocket_token_prefix("access-token.");
    let auth = builder.build().unwrap();
    let echo = async |request: AxumRequest| {
        let protocols = request.headers()["sec-websocket-protocol"].clone();
        ([("sec-websocket-protocol", protocols)], "inside").into_response()
    };
    let app = one(get(echo).route_layer(auth.require()));
    let token = server.access_token().mint();

    let response = send(&app, websocket(&format!("access-token.{token}"))).await;

    assert_eq!((response.status.as_u16(), &*response.body), (200, "inside"));
    assert_eq!(response.header("sec-websocket-protocol"), "");
    let log = log.text();
    assert!(log.contains("sub-protocol with the token"), "{log}");
    assert!(!log.contains(&token));
}

/// D25, D9: what clients read says how tokens are sent.
#[tokio::test]
async fn documents_say_which_scheme_is_used() {
    let server = FiefTestServer::start().await;
    let builder = api(&server).authorization_scheme("Token");
    let auth = builder.resource("https://api.example.com").build().unwrap();
    let paths = PathsBuilder::new().path("/", PathItem::new(HttpMethod::Get, Operation::new()));
    let mut document = OpenApiBuilder::new().paths(paths).build();

    auth.require()
        .scope("castles")
        .describe(&mut document, &axum::http::Method::GET, "/");
    let app = auth.resource_metadata();
    let metadata = send(&app, Request::get("/.well-known/oauth-protected-resource")).await;

    let document = serde_json::to_value(&document).unwrap();
    let scheme = &document["components"]["securitySchemes"]["fief"];
    let expected = json!({
        "type": "apiKey", "in": "header", "name": "Authorization",
        "description": "`Token`, a space, and an access token of Fief.",
    });
    assert_eq!(*scheme, expected);
    assert_eq!(metadata.json()["bearer_methods_supported"], json!([]));
    let _: SecurityScheme = serde_json::from_value(scheme.clone()).unwrap();
}

/// D19
#[test]
fn what_was_found_is_not_printed() {
    for found in [FoundToken::new("SECRET"), FoundToken::explicit("SECRET")] {
        assert!(!format!("{found:?}").contains("SECRET"));
    }
}
