use fief_client::{AuthorizationRequest, Fief, FiefError, Requirements};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{CALLBACK, builder, discover, fief};

/// DJ-5, DJ-10, Q21: with any body, and afterwards Fief recovers.
#[tokio::test]
async fn unexpected_bodies_are_rejected() {
    let server = FiefTestServer::start().await;
    let good = super::deployments::document(&server).to_string();
    // What some JSON libraries take for the object.
    let in_turn = r#"["i", "https://x/a", "https://x/b", "https://x/c", "https://x/d"]"#;
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies: Vec<Vec<u8>> = vec![
        b"".into(),
        b"null".into(),
        b"[]".into(),
        b"\"text\"".into(),
        in_turn.into(),
        b"<html>200</html>".into(),
        b"{".into(),
        b"NaN".into(),
        b"{\"issuer\": NaN}".into(),
        b"\xff\xfe".into(),
        b"[".repeat(100_000),
        b"{\"a\":".repeat(20_000),
        good[..good.len() - 1].into(),
        format!("{good} x").into(),
        format!("{good}{good}").into(),
        format!("\u{feff}{good}").into(),
        good.replacen('{', r#"{"issuer":"https://evil.example","#, 1)
            .into(),
        utf16,
    ];
    for body in bodies {
        for kind in ["application/json", "text/html"] {
            let fault = Fault::status(200)
                .header("content-type", kind)
                .body(body.clone());
            server.fault(Endpoint::Discovery, fault);
            let rejected = discover(&fief(&server)).await;
            assert!(
                matches!(
                    rejected,
                    Err(FiefError::ResponseInvalid(_) | FiefError::DiscoveryInvalid(_))
                ),
                "{rejected:?}"
            );
        }
    }
    let well = fief(&server);
    discover(&well).await.unwrap_err();
    server.clear_faults();
    discover(&well).await.unwrap();
}

/// DJ-5: and what the header says of it does not matter.
#[tokio::test]
async fn the_content_type_is_not_looked_at() {
    let server = FiefTestServer::start().await;
    let good = super::deployments::document(&server).to_string();
    let html = Fault::status(200)
        .header("content-type", "text/html")
        .body(good);
    server.fault(Endpoint::Discovery, html);
    discover(&fief(&server)).await.unwrap();
}

/// DJ-5, Q31: each status except success is an error with that status, and no token is accepted.
#[tokio::test]
async fn statuses_that_are_no_success_are_errors() {
    let server = FiefTestServer::start().await;
    let good = super::deployments::document(&server).to_string();
    for status in [
        201, 202, 203, 204, 206, 400, 401, 403, 404, 418, 429, 500, 502, 503, 504, 599,
    ] {
        let body = if status == 204 { "" } else { &good };
        server.fault(Endpoint::Discovery, Fault::status(status).body(body));
        let fief = fief(&server);
        assert_eq!(discover(&fief).await.unwrap_err().status().unwrap(), status);
        let token = server.access_token().mint();
        let rejected = fief
            .validate_access_token(&token, &Requirements::new())
            .await;
        assert_eq!(rejected.unwrap_err().status().unwrap(), status);
    }
}

/// DJ-4: compressed is as good as garbage, however small it is.
#[tokio::test]
async fn nothing_is_decompressed() {
    let server = FiefTestServer::start().await;
    let fault = Fault::status(200)
        .header("content-encoding", "gzip")
        .body(b"\x1f\x8b\x08\x00".to_vec());
    server.fault(Endpoint::Discovery, fault);
    assert!(matches!(
        discover(&fief(&server)).await,
        Err(FiefError::ResponseInvalid(_))
    ));
}

/// DJ-4: what is not HTTP, not enough of it, or too much.
#[tokio::test]
async fn responses_that_break_http_are_transport_errors() {
    let many: String = (0..1000).map(|i| format!("x-{i}: y\r\n")).collect();
    let responses = [
        String::new(),
        "\r\n".into(),
        "SSH-2.0-OpenSSH_9.2\r\n".into(),
        "HTTP/1.1 200 OK".into(),
        "HTTP/1.1 abc OK\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}".into(),
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}".into(),
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}".into(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}".into(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{}".into(),
        format!("HTTP/1.1 200 OK\r\n{many}content-length: 2\r\n\r\n{{}}"),
        format!(
            "HTTP/1.1 200 OK\r\nx: {}\r\n\r\n{{}}",
            "y".repeat(1_000_000)
        ),
    ];
    for response in responses {
        let rejected = discover(&responding_with(&response).await).await;
        assert!(
            matches!(rejected, Err(FiefError::Transport(_))),
            "{response:.60}: {rejected:?}"
        );
    }
}

/// DJ-4: more than the length that was said is not read.
#[tokio::test]
async fn bytes_behind_the_body_are_not_read() {
    let response =
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull{\"issuer\": \"https://evil.example\"}";
    let rejected = discover(&responding_with(response).await).await;
    assert!(
        matches!(rejected, Err(FiefError::ResponseInvalid(_))),
        "{rejected:?}"
    );
}

/// D5, RB-10: in bounded time, and well again with Fief.
#[tokio::test]
async fn every_fault_of_each_endpoint_ends_in_an_error() {
    let server = FiefTestServer::start().await;
    let faults = [
        Fault::cut(),
        Fault::garbage(),
        Fault::huge(1_000_000),
        Fault::reset(),
        Fault::redirect("http://169.254.169.254/"),
        Fault::json(serde_json::json!({"keys": []})),
    ];
    for fault in faults {
        for endpoint in [
            Endpoint::Discovery,
            Endpoint::Jwks,
            Endpoint::Token,
            Endpoint::Userinfo,
        ] {
            let fief = fief(&server);
            server.fault(endpoint, fault.clone());
            let failed = whole(&server, &fief).await;
            assert!(failed.is_err(), "{endpoint:?} {fault:?}");
            server.clear_faults();
            whole(&server, &fief).await.unwrap();
        }
    }
}

/// IT-13: of another user, or no user at all.
#[tokio::test]
async fn userinfo_that_is_no_user_is_rejected() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();
    for body in [
        "[]",
        "null",
        "{}",
        r#"{"sub": 1}"#,
        r#"{"sub": "x"}"#,
        "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
    ] {
        server.fault(Endpoint::Userinfo, Fault::status(200).body(body));
        let rejected = fief(&server).userinfo(&token).await;
        assert!(
            matches!(rejected, Err(FiefError::ResponseInvalid(_))),
            "{body}"
        );
    }
}

/// RB-5: callers that go away leave nothing behind.
#[tokio::test]
async fn a_call_that_is_dropped_does_no_harm() {
    let server = FiefTestServer::start().await;
    let fief = builder(&server).build().unwrap();
    server.fault(Endpoint::Discovery, Fault::hang());
    for _ in 0..3 {
        let call = tokio::spawn({
            let fief = fief.clone();
            async move { discover(&fief).await }
        });
        server.wait_for_requests(Endpoint::Discovery, 1).await;
        call.abort();
    }
    server.clear_faults();
    discover(&fief).await.unwrap();
}

/// A login and what follows.
async fn whole(server: &FiefTestServer, fief: &Fief) -> Result<(), FiefError> {
    let (url, attempt) = fief
        .begin_login(CALLBACK, AuthorizationRequest::new())
        .await?;
    let callback = url::Url::parse(&server.log_in(super::ANNE, url).await).unwrap();
    let (tokens, _) = super::finish(fief, &attempt, callback.query().unwrap()).await?;
    fief.userinfo(tokens.access_token()).await.map(|_| ())
}

/// Returns a client of a server that always sends this response.
async fn responding_with(response: &str) -> Fief {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let response = response.to_owned();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // Reads the request, so that closing does not reset the connection.
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(response.as_bytes()).await;
        }
    });
    Fief::builder(url, "CLIENT_ID").build().unwrap()
}
