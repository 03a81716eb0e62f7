use std::{io, time::Duration};

use http::StatusCode;
use httparse::{EMPTY_HEADER, Request, Status};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::cli::{page::Page, redirect::RedirectUri};

/// Connection of a browser, for one request and one response.
pub(super) struct Connection {
    stream: TcpStream,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream }
    }

    /// Reads a request for the redirect URI. Returns its query, or the status to reject it with.
    ///
    /// The outer error means that there was no whole request of a sensible size.
    pub(super) async fn read_request(
        &mut self,
        redirect_uri: &RedirectUri,
    ) -> io::Result<Result<String, StatusCode>> {
        let mut head = Vec::with_capacity(1024);
        let mut chunk = [0; 1024];
        // Each read adds at least a byte, so there are at most MAX_HEAD of them.
        while head.len() < MAX_HEAD {
            let length = self.stream.read(&mut chunk).await?;
            let Some(read) = chunk.get(..length).filter(|read| !read.is_empty()) else {
                break;
            };
            // The end of the head may have begun in the chunk before.
            let from = head.len().saturating_sub(3);
            head.extend_from_slice(read);
            if head.get(from..).is_some_and(has_end) {
                return Ok(check(&head, redirect_uri));
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// Sends a page, and closes the connection. Nothing depends on whether it arrives.
    pub(super) async fn respond(mut self, page: &Page) {
        let Page { status, html } = page;
        let response = format!(
            "HTTP/1.1 {} {}\r\n{HEADERS}Content-Length: {}\r\n\r\n{html}",
            status.as_str(),
            status.canonical_reason().unwrap_or_default(),
            html.len(),
        );
        let write = async {
            self.stream.write_all(response.as_bytes()).await?;
            self.stream.shutdown().await
        };
        let _ = timeout(WRITE_TIMEOUT, write).await;
    }
}

fn has_end(head: &[u8]) -> bool {
    head.windows(4).any(|window| window == b"\r\n\r\n")
}

/// Checks the head of a request. Returns the query.
fn check(head: &[u8], redirect_uri: &RedirectUri) -> Result<String, StatusCode> {
    let mut headers = [EMPTY_HEADER; 64];
    let mut request = Request::new(&mut headers);
    let Ok(Status::Complete(_)) = request.parse(head) else {
        return Err(StatusCode::BAD_REQUEST);
    };
    let values = |name: &'static str| {
        let headers = request.headers.iter();
        headers
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    };
    let mut hosts = values("host").map(str::from_utf8);
    match (hosts.next(), hosts.next()) {
        (Some(Ok(host)), None) if redirect_uri.is_host(host) => {}
        _ => return Err(StatusCode::MISDIRECTED_REQUEST),
    }
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if !redirect_uri.is_path(path) {
        return Err(StatusCode::NOT_FOUND);
    }
    if request.method != Some("GET") {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    // What a browser loads ahead is loaded again when it is shown.
    let is_prefetch = ["sec-purpose", "purpose", "x-moz"]
        .into_iter()
        .flat_map(values)
        .any(|value| value.to_ascii_lowercase().starts_with(b"prefetch"));
    if is_prefetch {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(query.to_owned())
}

/// Bytes. A redirect of Fief with all that a browser adds has about 1.5 KiB.
const MAX_HEAD: usize = 16 * 1024;
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// The page has no scripts, styles or images, is shown in no frame, and neither stored nor reported to other sites.
const HEADERS: &str = "\
    Content-Type: text/html; charset=utf-8\r\n\
    Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
    Cache-Control: no-store\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Referrer-Policy: no-referrer\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Connection: close\r\n";
