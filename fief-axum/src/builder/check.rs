//! What settings must be like.

use url::{Host, Url};

use crate::{Error, request::return_to::return_to, routes::config::Resource};

pub(super) fn app_url(app_url: &str) -> Result<Url, Error> {
    let url = Url::parse(app_url)
        .map_err(|error| Error::config(format!("the application's URL: {error}")))?;
    let loopback = match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
        return Err(Error::config(
            "the application's URL: https, except on loopback",
        ));
    }
    if !is_origin_and_path(&url) {
        return Err(Error::config(
            "the application's URL: an origin and a path, nothing else",
        ));
    }
    Ok(url)
}

pub(super) fn resource(id: &str) -> Result<Resource, Error> {
    let url = Url::parse(id).map_err(|error| Error::config(format!("resource: {error}")))?;
    let is_http = matches!(url.scheme(), "http" | "https");
    if !is_http || !is_origin_and_path(&url) || !is_fixed(url.path()) {
        return Err(Error::config(
            "resource: an http or https URL, an origin and a path",
        ));
    }
    Ok(Resource::new(id, &url))
}

/// The name of a protected area.
pub(super) fn realm(realm: String) -> Result<String, Error> {
    if realm.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        Ok(realm)
    } else {
        Err(Error::config("realm: ASCII without control characters"))
    }
}

/// A route's path: fixed segments.
pub(super) fn route(name: &str, path: &str) -> Result<String, Error> {
    let is_route = is_fixed(path) && path.len() > 1;
    return_to(path)
        .filter(|same| is_route && same == path)
        .ok_or_else(|| {
            let example = name.trim_end_matches("_path").trim_end_matches("_route");
            Error::config(format!("{name}: a path such as /{example}"))
        })
}

/// A page of the application.
pub(super) fn page(name: &str, page: &str) -> Result<String, Error> {
    return_to(page).ok_or_else(|| Error::config(format!("{name}: a path on this site, such as /")))
}

/// Whether nothing else is in a URL.
fn is_origin_and_path(url: &Url) -> bool {
    let has_user = !url.username().is_empty() || url.password().is_some();
    !has_user && url.query().is_none() && url.fragment().is_none()
}

/// Whether a path means itself to a router.
fn is_fixed(path: &str) -> bool {
    path.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b))
}
