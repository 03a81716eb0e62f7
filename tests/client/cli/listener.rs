use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{Browser, TIMEOUT, Tool, get};

/// Sends bytes to the listener of a login. Returns all that it sends back.
async fn send(browser: &Browser, bytes: &[u8]) -> String {
    let mut stream = connect(browser).await;
    stream.write_all(bytes).await.unwrap();
    let mut response = Vec::new();
    // It may close the connection before it has read everything.
    let _ = timeout(TIMEOUT * 2, stream.read_to_end(&mut response))
        .await
        .unwrap();
    String::from_utf8(response).unwrap()
}

async fn connect(browser: &Browser) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port(browser)))
        .await
        .unwrap()
}

fn port(browser: &Browser) -> u16 {
    let uri: url::Url = browser.parameter("redirect_uri").parse().unwrap();
    uri.port().unwrap()
}

/// Returns the status of a response.
fn status(response: &str) -> u16 {
    let status = response
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    status.map_or(0, |status| status.parse().unwrap())
}

/// Q41, LF-13: also with the right state, a page whose name resolves to this machine (DNS rebinding), other methods and paths, a prefetch.
#[tokio::test]
async fn only_a_get_of_the_redirect_uri_is_accepted() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;
    let (port, state) = (port(&browser), browser.parameter("state"));
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let target = format!("/callback?code=CODE&state={state}");
    for (head, expected) in [
        (format!("GET {target} HTTP/1.1\r\n"), 421),
        (format!("GET {target} HTTP/1.0\r\n"), 421),
        (
            format!("GET {target} HTTP/1.1\r\nHost: evil.example:{port}\r\n"),
            421,
        ),
        (format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n"), 421),
        (
            format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"),
            421,
        ),
        (format!("GET {target} HTTP/1.1\r\n{host}{host}"), 421),
        (
            format!("GET {target} HTTP/1.1\r\n{host}Host: evil.example\r\n"),
            421,
        ),
        (
            format!("POST {target} HTTP/1.1\r\n{host}Content-Length: 0\r\n"),
            405,
        ),
        (format!("HEAD {target} HTTP/1.1\r\n{host}"), 405),
        (
            format!(
                "OPTIONS {target} HTTP/1.1\r\n{host}Access-Control-Request-Private-Network: true\r\n"
            ),
            405,
        ),
        (format!("GET /favicon.ico HTTP/1.1\r\n{host}"), 404),
        (format!("GET / HTTP/1.1\r\n{host}"), 404),
        (
            format!("GET /callback/?code=CODE&state={state} HTTP/1.1\r\n{host}"),
            404,
        ),
        (
            format!("GET /CALLBACK?code=CODE&state={state} HTTP/1.1\r\n{host}"),
            404,
        ),
        (
            format!("GET //callback?code=CODE&state={state} HTTP/1.1\r\n{host}"),
            404,
        ),
        (
            format!("GET http://127.0.0.1:{port}{target} HTTP/1.1\r\n{host}"),
            404,
        ),
        (
            format!("GET {target} HTTP/1.1\r\n{host}Sec-Purpose: prefetch;prerender\r\n"),
            503,
        ),
        (
            format!("GET {target} HTTP/1.1\r\n{host}Purpose: prefetch\r\n"),
            503,
        ),
        (
            format!("GET {target} HTTP/1.1\r\n{host}X-Moz: prefetch\r\n"),
            503,
        ),
        (format!("GET {target}\r\n{host}"), 400),
        (format!("GET {target} HTTP/1.1\r\n{host}no colon\r\n"), 400),
        ("\0\u{1}\u{2}\r\n".to_owned(), 400),
    ] {
        let response = send(&browser, format!("{head}\r\n").as_bytes()).await;
        assert_eq!(status(&response), expected, "{head}");
        assert!(
            !response.to_ascii_lowercase().contains("access-control"),
            "{response}"
        );
        assert!(browser.is_waiting(), "{head}");
    }

    browser.redirect(&tool.server).await;

    assert!(browser.result().await.is_ok());
}

/// LF-15, SE-13: also those of rejected requests.
#[tokio::test]
async fn pages_are_neither_stored_nor_framed_nor_scripted() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;

    let rejected = get(&browser.address("code=CODE")).await;
    let success = browser.redirect(&tool.server).await;

    for page in [rejected, success] {
        let header = |name: &str| page.headers()[name].to_str().unwrap();
        assert!(header("content-security-policy").starts_with("default-src 'none';"));
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
    }
}

/// RB-2: port scanners, browsers that connect ahead, and pages that open many connections.
#[tokio::test]
async fn idle_connections_do_not_keep_the_redirect_out() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;
    let mut idle = Vec::new();
    for count in 0..200 {
        let mut stream = connect(&browser).await;
        if count % 2 == 0 {
            stream.write_all(b"GET /callback").await.unwrap();
        }
        idle.push(stream);
    }

    let page = browser.redirect(&tool.server).await;

    assert_eq!(page.status(), StatusCode::OK);
    assert!(browser.result().await.is_ok());
}

/// RB-2
#[tokio::test]
async fn of_many_connections_only_some_stay_open() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;
    let mut first = connect(&browser).await;

    let mut others = Vec::new();
    for _ in 0..32 {
        others.push(connect(&browser).await);
    }

    // Long before it is closed for being idle.
    let mut byte = [0];
    let closed = timeout(std::time::Duration::from_secs(5), first.read(&mut byte)).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))), "{closed:?}");
    browser.canceller().abort();
}

/// RB-2
#[tokio::test]
async fn a_huge_or_endless_request_is_cut() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;
    let filler = "a".repeat(64 * 1024);
    let host = format!("Host: 127.0.0.1:{}\r\n", port(&browser));
    for head in [
        format!("GET /callback?{filler} HTTP/1.1\r\n{host}\r\n"),
        format!("GET /callback HTTP/1.1\r\n{host}X: {filler}\r\n\r\n"),
        filler,
    ] {
        let mut stream = connect(&browser).await;
        // It may be cut while it is sent.
        let _ = stream.write_all(head.as_bytes()).await;
        let mut response = Vec::new();
        let _ = timeout(TIMEOUT, stream.read_to_end(&mut response))
            .await
            .unwrap();
        assert_eq!(response, b"");
    }
    let many: String = (0..100).map(|n| format!("X-{n}: a\r\n")).collect();
    let head = format!("GET /callback HTTP/1.1\r\n{host}{many}\r\n");
    assert_eq!(status(&send(&browser, head.as_bytes()).await), 400);

    browser.redirect(&tool.server).await;

    assert!(browser.result().await.is_ok());
}

/// RB-2: it takes the listener ten seconds, but not the login.
#[tokio::test]
async fn a_request_may_arrive_in_pieces_and_not_at_all() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;
    let address: url::Url = browser.log_in(&tool.server).await.parse().unwrap();
    let host = format!("Host: localhost:{}\r\n", port(&browser));
    let head = format!(
        "GET {}?{} HTTP/1.1\r\n{host}\r\n",
        address.path(),
        address.query().unwrap()
    );
    let mut slow = connect(&browser).await;
    slow.write_all(b"GET /").await.unwrap();

    let mut stream = connect(&browser).await;
    stream.set_nodelay(true).unwrap();
    for byte in head.as_bytes() {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();

    assert_eq!(status(&response), 200);
    assert!(browser.result().await.is_ok());
}

/// Other machines, and other addresses of this one, cannot connect.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn only_one_loopback_address_is_listened_on() {
    let tool = Tool::start().await;
    let browser = Browser::begin(tool.login()).await;
    let port = port(&browser);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    assert!(TcpStream::connect(("127.0.0.2", port)).await.is_err());
    assert!(TcpStream::connect(("::1", port)).await.is_err());
    browser.canceller().abort();
}
