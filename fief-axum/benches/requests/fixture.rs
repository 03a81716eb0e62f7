use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderName, HeaderValue, Request, StatusCode, header},
    routing::get,
};
use fief_axum::{Authenticated, FiefAuth};
use fief_client::Fief;
use fief_test_server::{Endpoint, FiefTestServer};
use tower::{ServiceExt, layer::util::Identity};
use tower_service::Service;

use crate::measure::{Pair, Subject};

/// A server, an application that knows its keys, and tokens.
pub(crate) struct Fixture {
    pub(crate) server: FiefTestServer,
    pub(crate) app: Router,
    pub(crate) tokens: Vec<String>,
}

/// Whoever sends always the same header, or several in turn.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) app: Router,
    pub(crate) name: HeaderName,
    pub(crate) values: Vec<HeaderValue>,
}

impl Fixture {
    pub(crate) async fn new(key_bits: u32, tokens: usize) -> Self {
        let builder = FiefTestServer::builder().key_bits(key_bits);
        let server = builder.start().await.unwrap();
        let fief = Fief::builder(server.url(), server.client_id());
        Self::with(server, fief.build().unwrap(), tokens).await
    }

    pub(crate) async fn with(server: FiefTestServer, fief: Fief, tokens: usize) -> Self {
        fief.prefetch_keys().await.unwrap();
        let tokens = (0..tokens).map(|i| mint(&server, i)).collect();
        let app = protected(&FiefAuth::new(fief));
        server.reset_requests();
        Self {
            server,
            app,
            tokens,
        }
    }

    /// Tokens that were validated before, so many in turn.
    pub(crate) fn seen(&self, name: &'static str, tokens: usize) -> Pair {
        let visitor = self.visitor(&self.tokens[..tokens]);
        let mut app = self.app.clone();
        for value in &visitor.values {
            assert_eq!(call(&mut app, &visitor.name, value), StatusCode::OK);
        }
        visitor.pair(name)
    }

    /// Tokens that were not, or are forgotten again.
    pub(crate) fn fresh(&self, name: &'static str) -> Pair {
        let builder = Fief::builder(self.server.url(), self.server.client_id());
        let fief = builder.token_cache(64 * 1024, 8).build().unwrap();
        tokio::runtime::Handle::current()
            .block_on(fief.prefetch_keys())
            .unwrap();
        let mut visitor = self.visitor(&self.tokens[..self.tokens.len().min(1000)]);
        visitor.app = protected(&FiefAuth::new(fief));
        visitor.pair(name)
    }

    pub(crate) fn refused(&self, name: &'static str, token: String) -> Pair {
        let visitor = self.visitor(&[token]);
        let mut app = self.app.clone();
        let status = call(&mut app, &visitor.name, &visitor.values[0]);
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        visitor.pair(name)
    }

    /// Sends a token, and waits where the answer needs a request.
    pub(crate) async fn ask(&self, token: &str) -> StatusCode {
        let request = request(&header::AUTHORIZATION, &bearer(token));
        self.app.clone().oneshot(request).await.unwrap().status()
    }

    pub(crate) fn requests_to_fief(&self) -> usize {
        self.server.requests(Endpoint::Discovery) + self.server.requests(Endpoint::Jwks)
    }

    fn visitor(&self, tokens: &[String]) -> Visitor {
        Visitor {
            app: self.app.clone(),
            name: header::AUTHORIZATION,
            values: tokens.iter().map(|token| bearer(token)).collect(),
        }
    }
}

impl Visitor {
    pub(crate) fn pair(self, name: &'static str) -> Pair {
        let mut other = self.clone();
        other.app = bare();
        Pair::new(name, self.subject(), other.subject())
    }

    fn subject(mut self) -> Subject {
        let mut next = 0;
        Subject::new(move || {
            black_box(call(&mut self.app, &self.name, &self.values[next]));
            next = (next + 1) % self.values.len();
        })
    }
}

/// Layer, guard and extractor. With its state, as a server has it: then axum makes its routes once.
pub(crate) fn protected(auth: &FiefAuth) -> Router {
    let guard = auth.require().permission("castles:create");
    Router::new()
        .route("/castles", get(protected_castles).route_layer(guard))
        .layer(auth.layer())
        .with_state(())
}

/// The same with layers that do nothing in the same places.
pub(crate) fn bare() -> Router {
    Router::new()
        .route("/castles", get(castles).route_layer(Identity::new()))
        .layer(Identity::new())
        .with_state(())
}

async fn protected_castles(Authenticated(token): Authenticated) -> &'static str {
    black_box(token.id());
    castles().await
}

async fn castles() -> &'static str {
    "Chambord"
}

/// Needs no request, so it is over at the first poll.
fn call(app: &mut Router, name: &HeaderName, value: &HeaderValue) -> StatusCode {
    let answer = pin!(app.call(request(name, value)));
    match answer.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(answer)) => answer.status(),
        Poll::Pending => panic!("it waits for a request"),
    }
}

fn request(name: &HeaderName, value: &HeaderValue) -> Request<Body> {
    let request = Request::get("/castles").header(name, value);
    request.body(Body::empty()).unwrap()
}

fn bearer(token: &str) -> HeaderValue {
    HeaderValue::try_from(format!("Bearer {token}")).unwrap()
}

/// A token like no other.
pub(crate) fn mint(server: &FiefTestServer, number: usize) -> String {
    let token = server.access_token().permission("castles:create");
    token.claim("jti", number).mint()
}

/// About as long as a token is that a key of 2048 bits signed.
pub(crate) const TOKEN_BYTES: usize = 749;
