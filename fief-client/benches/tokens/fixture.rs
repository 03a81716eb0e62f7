use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Instant,
};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use fief_client::{Fief, FiefAccessTokenInfo, FiefError, Requirements};
use fief_test_server::FiefTestServer;
use serde_json::Value;

use crate::measure::Subject;

/// Server, client with cached keys, and tokens.
pub(crate) struct Fixture {
    pub(crate) server: FiefTestServer,
    pub(crate) fief: Fief,
    pub(crate) tokens: Vec<String>,
    key: ParsedPublicKey,
}

impl Fixture {
    pub(crate) async fn new(key_bits: u32, tokens: usize) -> Self {
        let builder = FiefTestServer::builder().key_bits(key_bits);
        let server = builder.start().await.unwrap();
        let fief = client(&server);
        Self::with(server, fief, tokens).await
    }

    /// Returns a fixture whose client uses the server's clock.
    pub(crate) async fn on_server_time() -> Self {
        let server = FiefTestServer::start().await;
        let builder = Fief::builder(server.url(), server.client_id());
        let fief = builder.clock(server.clock()).build().unwrap();
        Self::with(server, fief, 1).await
    }

    async fn with(server: FiefTestServer, fief: Fief, tokens: usize) -> Self {
        fief.prefetch_keys().await.unwrap();
        let tokens = (0..tokens).map(|i| mint(&server, i)).collect();
        let key = public_key(&server).await;
        server.reset_requests();
        Self {
            server,
            fief,
            tokens,
            key,
        }
    }

    pub(crate) async fn validate(&self, token: &str) -> Result<FiefAccessTokenInfo, FiefError> {
        let requirements = Requirements::new();
        self.fief.validate_access_token(token, &requirements).await
    }

    /// Validates cached tokens, that many in turn.
    pub(crate) fn cached(&self, name: &'static str, tokens: usize) -> Subject<'_> {
        let requirements = Requirements::new()
            .scope("openid")
            .permission("castles:create");
        let tokens = &self.tokens[..tokens];
        for token in tokens {
            poll_once(self.fief.validate_access_token(token, &requirements)).unwrap();
        }
        let mut next = tokens.iter().cycle();
        Subject::simple(name, move || {
            let token = next.next().unwrap();
            poll_once(self.fief.validate_access_token(token, &requirements)).unwrap();
        })
    }

    /// Validates tokens that are not cached, with a full cache, as after a while.
    pub(crate) fn fresh(&self, name: &'static str) -> Subject<'_> {
        let requirements = Requirements::new().permission("castles:create");
        let builder = Fief::builder(self.server.url(), self.server.client_id());
        let fief = builder.token_cache(64 * 1024, 8).build().unwrap();
        block_on(fief.prefetch_keys()).unwrap();
        let mut next = self.tokens.iter().cycle();
        Subject::simple(name, move || {
            let token = next.next().unwrap();
            poll_once(fief.validate_access_token(token, &requirements)).unwrap();
        })
    }

    /// Verifies the signatures only, with the cryptography library.
    pub(crate) fn raw(&self, name: &'static str) -> Subject<'_> {
        let parts = self.tokens.iter().map(|token| {
            let (message, signature) = token.rsplit_once('.').unwrap();
            (
                message.as_bytes(),
                URL_SAFE_NO_PAD.decode(signature).unwrap(),
            )
        });
        let mut next = parts.collect::<Vec<_>>().into_iter().cycle();
        Subject::new(name, move |times| {
            let batch: Vec<_> = next.by_ref().take(times.try_into().unwrap()).collect();
            let began = Instant::now();
            for (message, signature) in &batch {
                self.key.verify_sig(message, signature).unwrap();
            }
            began.elapsed()
        })
    }

    /// Validates the same tokens with a wrong signature.
    pub(crate) fn wrong(&self, name: &'static str) -> Subject<'_> {
        let (_, signature) = self.tokens[0].rsplit_once('.').unwrap();
        let tokens = self.tokens[1..].iter().map(|token| {
            let (message, _) = token.rsplit_once('.').unwrap();
            format!("{message}.{signature}")
        });
        let tokens: Vec<_> = tokens.collect();
        let requirements = Requirements::new();
        let mut next = 0;
        Subject::simple(name, move || {
            next = (next + 1) % tokens.len();
            poll_once(
                self.fief
                    .validate_access_token(&tokens[next], &requirements),
            )
            .unwrap_err();
        })
    }

    pub(crate) fn rejected(&self, name: &'static str, token: String) -> Subject<'_> {
        let requirements = Requirements::new();
        Subject::simple(name, move || {
            poll_once(self.fief.validate_access_token(&token, &requirements)).unwrap_err();
        })
    }
}

pub(crate) fn client(server: &FiefTestServer) -> Fief {
    let builder = Fief::builder(server.url(), server.client_id());
    builder.build().unwrap()
}

/// Mints a unique token.
pub(crate) fn mint(server: &FiefTestServer, number: usize) -> String {
    let token = server.access_token().permission("castles:create");
    token.claim("jti", number).mint()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(future)
}

/// Returns the result of a future that needs no request, after the first poll.
pub(crate) fn poll_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits for a request"),
    }
}

async fn public_key(server: &FiefTestServer) -> ParsedPublicKey {
    let url = format!("{}/.well-known/jwks.json", server.url());
    let body = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    let set: Value = serde_json::from_slice(&body).unwrap();
    let number = |name: &str| {
        URL_SAFE_NO_PAD
            .decode(set["keys"][0][name].as_str().unwrap())
            .unwrap()
    };
    let components = RsaPublicKeyComponents {
        n: number("n"),
        e: number("e"),
    };
    components
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .unwrap()
}
