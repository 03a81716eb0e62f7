//! The grammar of the `Authorization` header.

use axum::http::{HeaderValue, Request};
use fief_test_server::{Endpoint, FiefTestServer};

use super::{api, one, send, unchecked};

/// The status that an `Authorization` header gets in front of a guard.
async fn status(server: &FiefTestServer, header: &[u8]) -> u16 {
    let app = one(unchecked().route_layer(api(server).require()));
    let header = HeaderValue::from_bytes(header).unwrap();
    let response = send(&app, Request::get("/").header("authorization", header)).await;
    response.status.as_u16()
}

/// BP-3, I14, Q3B
#[tokio::test]
async fn the_scheme_has_no_case_and_any_number_of_spaces_behind_it() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();

    for scheme in ["Bearer ", "Bearer   ", "bearer ", "bEaReR    "] {
        let header = format!("{scheme}{token}");
        assert_eq!(status(&server, header.as_bytes()).await, 200, "{scheme:?}");
    }
}

/// BP-3, BP-4, BP-2
#[tokio::test]
async fn what_is_not_one_token_is_malformed() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();

    let malformed = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer\t{token}"),
        format!("Bearer \t{token}"),
        format!("Bearer\u{a0}{token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer {token}\u{e9}"),
        "Bearer ====".to_owned(),
        "Bearer to=ken".to_owned(),
    ];

    for header in malformed {
        assert_eq!(status(&server, header.as_bytes()).await, 400, "{header:?}");
    }
    assert_eq!(status(&server, b"Bearer \xff\xfe").await, 400);
}

/// BP-6, I14
#[tokio::test]
async fn another_scheme_is_no_credentials() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();

    for scheme in ["Basic", "DPoP", "Foo", "Bearerish", "Bearer-x", "TOKEN"] {
        let header = format!("{scheme} {token}");
        assert_eq!(status(&server, header.as_bytes()).await, 401, "{scheme}");
    }
}

/// BP-2
#[tokio::test]
async fn a_repeated_header_is_always_malformed() {
    let server = FiefTestServer::start().await;
    let app = one(unchecked().route_layer(api(&server).require()));
    let good = format!("Bearer {}", server.access_token().mint());
    let request = |second: &str| {
        Request::get("/")
            .header("authorization", &good)
            .header("authorization", second)
    };

    assert_eq!(send(&app, request(&good)).await.status, 400);
    assert_eq!(send(&app, request("Basic YTpi")).await.status, 400);
}

/// BP-1
#[tokio::test]
async fn a_token_anywhere_else_is_not_read() {
    let server = FiefTestServer::start().await;
    let app = one(unchecked().route_layer(api(&server).require()));
    let token = server.access_token().mint();

    let query = Request::get(format!("/?access_token={token}"));
    let header = Request::get("/").header("x-forwarded-authorization", format!("Bearer {token}"));
    let cookie = Request::get("/").header("cookie", format!("access_token={token}"));

    assert_eq!(send(&app, query).await.status, 401);
    assert_eq!(send(&app, header).await.status, 401);
    assert_eq!(send(&app, cookie).await.status, 401);
}

/// BP-5, BP-8, RB-3
#[tokio::test]
async fn junk_of_any_size_is_rejected_without_a_request_to_fief() {
    let server = FiefTestServer::start().await;

    let dots = format!("Bearer {}", ".".repeat(8_000));
    let spaces = format!("Bearer{}", " ".repeat(5_000));
    let huge = format!("Bearer {}", "a".repeat(1_000_000));

    assert_eq!(status(&server, dots.as_bytes()).await, 401);
    assert_eq!(status(&server, spaces.as_bytes()).await, 400);
    assert_eq!(status(&server, huge.as_bytes()).await, 401);
    assert_eq!(server.requests(Endpoint::Discovery), 0);
}

/// BP-3: it is one token, though not one of Fief's.
#[tokio::test]
async fn every_character_of_a_token_is_well_formed() {
    let server = FiefTestServer::start().await;

    for token in ["aZ0-._~+/", "a=", "a=="] {
        let header = format!("Bearer {token}");
        assert_eq!(status(&server, header.as_bytes()).await, 401, "{token}");
    }
}
