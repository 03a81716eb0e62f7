//! Forms: the bodies of the token endpoint and of pages.

use axum::{
    body::Body,
    extract::{FromRequest as _, Multipart},
    http::{HeaderMap, Request, StatusCode, header},
    response::Response,
};
use url::form_urlencoded;

use super::response::detail;

/// Parses a body that is URL-encoded or of several parts. Other bodies are no form: it is empty.
///
/// Parts that are files are ignored.
pub(crate) async fn parse_form(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<(String, String)>, Box<Response>> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(form_urlencoded::parse(body).into_owned().collect());
    }
    if !kind.starts_with("multipart/form-data") {
        return Ok(Vec::new());
    }
    let error = |text| Box::new(detail(StatusCode::BAD_REQUEST, text));
    let request = Request::builder().header(header::CONTENT_TYPE, kind);
    let request = request.body(Body::from(body.to_vec()));
    let request = request.map_err(|_| error(MALFORMED))?;
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| error("Missing boundary in multipart."))?;
    let mut form = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| error(MALFORMED))? {
        if let (Some(name), None) = (part.name().map(str::to_owned), part.file_name()) {
            let value = part.text().await.map_err(|_| error(MALFORMED))?;
            form.push((name, value));
        }
    }
    Ok(form)
}

const MALFORMED: &str = "There was an error parsing the body";
