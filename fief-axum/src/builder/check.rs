//! Validation of settings: each function returns the validated setting, or an
//! [`Error::Configuration`] that names the setting and what it must be.

use fief_client::internal::is_loopback;
use url::Url;

use crate::{
    Error,
    request::{
        bearer::is_tchar,
        return_to::{return_to, url_of_origin},
    },
    routes::config::{LoginConfig, Resource, ResourceDetails},
};

/// Parses the URL of the application.
pub(super) fn app_url(app_url: &str, insecure_http: bool) -> Result<Url, Error> {
    let url = Url::parse(app_url).map_err(|error| {
        Error::config(format!(
            "app_url must be a URL such as https://app.example.com, not {app_url:?}: {error}"
        ))
    })?;
    if !is_secure(&url, insecure_http) {
        return Err(Error::config(
            "app_url must begin with https:// (http:// is accepted on loopback only, or with insecure_http)",
        ));
    }
    if !is_origin_and_path(&url) {
        return Err(Error::config(
            "app_url must not contain a user, a password, a query or a fragment",
        ));
    }
    Ok(url)
}

/// Parses the resource, if there is one. Otherwise its details have no effect.
pub(super) fn optional_resource(
    id: Option<String>,
    details: ResourceDetails,
) -> Result<Option<Resource>, Error> {
    if let Some(id) = id {
        return resource(&id, details).map(Some);
    }
    no_details(&details)?;
    Ok(None)
}

/// Parses the resource identifier of the API
/// ([RFC 9728, section 1.2](https://www.rfc-editor.org/rfc/rfc9728#section-1.2)).
fn resource(id: &str, details: ResourceDetails) -> Result<Resource, Error> {
    let url = Url::parse(id).map_err(|error| {
        Error::config(format!(
            "resource must be a URL such as https://api.example.com, not {id:?}: {error}"
        ))
    })?;
    let is_http = matches!(url.scheme(), "http" | "https");
    if !is_http || !is_origin_and_path(&url) || !is_fixed(url.path()) {
        return Err(Error::config(
            "resource must be an http or https URL of an origin and a fixed path",
        ));
    }
    if let Some(page) = &details.documentation {
        documentation(page)?;
    }
    Ok(Resource::new(id, &url, details))
}

/// Accepts the URL of a page for people.
fn documentation(page: &str) -> Result<(), Error> {
    let url = Url::parse(page).map_err(|error| {
        Error::config(format!(
            "resource_documentation must be a URL, not {page:?}: {error}"
        ))
    })?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(())
    } else {
        Err(Error::config(
            "resource_documentation must be an http or https URL",
        ))
    }
}

/// Rejects the details of a resource that is not published.
fn no_details(details: &ResourceDetails) -> Result<(), Error> {
    let ResourceDetails {
        scopes,
        name,
        documentation,
    } = details;
    let set = first_set(&[
        ("resource_scope", !scopes.is_empty()),
        ("resource_name", name.is_some()),
        ("resource_documentation", documentation.is_some()),
    ]);
    set.map_or(Ok(()), |name| Err(without_effect(name, "resource")))
}

/// Returns the error of a setting that has no effect without another one.
pub(super) fn without_effect(name: &str, other: &str) -> Error {
    Error::config(format!(
        "{name} has no effect without {other}: call FiefAuthBuilder::{other} as well, or remove it"
    ))
}

/// Validates the beginning of cookie names. `__` begins those with a prefix that
/// browsers know, such as `__Host-`. A dot separates what the names end with.
pub(super) fn cookie_name(name: String) -> Result<String, Error> {
    let is_valid = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let has_length = (1..=32).contains(&name.len());
    if has_length && name.bytes().all(is_valid) && !name.starts_with("__") {
        Ok(name)
    } else {
        Err(Error::config(
            "cookie_name must be 1 to 32 ASCII letters, digits, `-` and `_`, and not begin with `__`",
        ))
    }
}

/// Accepts a scheme of the `Authorization` header that browsers do not use on their own.
pub(super) fn scheme(scheme: String) -> Result<String, Error> {
    if !is_token(&scheme) {
        return Err(Error::config(
            "authorization_scheme must be a name such as Token, without spaces",
        ));
    }
    let mut automatic = AUTOMATIC_SCHEMES.iter();
    match automatic.find(|automatic| scheme.eq_ignore_ascii_case(automatic)) {
        Some(automatic) => Err(Error::config(format!(
            "authorization_scheme must not be {automatic}: browsers send it automatically, so requests would not be \
             protected against CSRF"
        ))),
        None => Ok(scheme),
    }
}

/// Accepts the beginning of a WebSocket sub-protocol
/// ([RFC 6455, section 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1)).
pub(super) fn websocket_prefix(prefix: String) -> Result<String, Error> {
    if is_token(&prefix) && prefix.len() <= MAX_PREFIX_LEN {
        Ok(prefix)
    } else {
        Err(Error::config(format!(
            "websocket_token_prefix must be the beginning of a sub-protocol such as access-token. with at most \
             {MAX_PREFIX_LEN} bytes, without spaces and commas"
        )))
    }
}

/// Returns whether a text is a token of HTTP
/// ([RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2)).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_tchar)
}

/// Accepts what fits into a quoted string of a header.
pub(super) fn realm(realm: String) -> Result<String, Error> {
    if realm.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        Ok(realm)
    } else {
        Err(Error::config("realm must be printable ASCII"))
    }
}

/// Accepts the path of a route, which must not contain captures.
pub(super) fn route(name: &str, path: &str) -> Result<String, Error> {
    let is_route = is_fixed(path) && path.len() > 1;
    return_to(path)
        .filter(|same| is_route && same == path)
        .ok_or_else(|| {
            let example = name.trim_end_matches("_path").trim_end_matches("_route");
            Error::config(format!("{name} must be a fixed path such as /{example}"))
        })
}

/// Accepts the URL of the callback. Each login in progress has it in its cookie,
/// and in the redirect to Fief.
pub(super) fn redirect_uri(uri: String) -> Result<String, Error> {
    if uri.len() <= MAX_REDIRECT_URI_LEN {
        Ok(uri)
    } else {
        Err(Error::config(format!(
            "app_url and callback_path together must have at most {MAX_REDIRECT_URI_LEN} bytes"
        )))
    }
}

/// Accepts the path of the ready route, and the paths of all routes: a router would not accept one twice.
pub(super) fn ready_route(
    path: Option<String>,
    site: Option<&LoginConfig>,
    webhooks: Option<&String>,
) -> Result<Option<String>, Error> {
    let path = path.map(|path| route("ready_route", &path)).transpose()?;
    routes_differ(&[
        ("login_path", site.map(|site| &site.login_route)),
        ("callback_path", site.map(|site| &site.callback_route)),
        ("logout_path", site.map(|site| &site.logout_route)),
        ("user_route", site.and_then(|site| site.user_route.as_ref())),
        ("webhooks", webhooks),
        ("ready_route", path.as_ref()),
    ])?;
    Ok(path)
}

fn routes_differ(routes: &[(&str, Option<&String>)]) -> Result<(), Error> {
    for (i, (name, path)) in routes.iter().enumerate() {
        let mut others = routes.iter().take(i).filter(|_| path.is_some());
        if let Some((other, _)) = others.find(|(_, other)| other == path) {
            return Err(Error::config(format!("{name} and {other} must differ")));
        }
    }
    Ok(())
}

/// Returns the name of the first setting that was made.
pub(super) fn first_set(settings: &[(&'static str, bool)]) -> Option<&'static str> {
    let set = settings.iter().find(|(_, is_set)| *is_set);
    set.map(|(name, _)| *name)
}

/// Accepts the path of a page to redirect to, with an optional query, or a URL of a return origin.
pub(super) fn page(name: &str, page: &str, return_origins: &[String]) -> Result<String, Error> {
    return_to(page)
        .or_else(|| url_of_origin(return_origins, page))
        .ok_or_else(|| {
            Error::config(format!(
                "{name} must be a path on this site, such as /, or a URL of a return_origin"
            ))
        })
}

/// Accepts an origin that is written as browsers send it, so that it can be compared
/// ([RFC 6454, section 6.2](https://www.rfc-editor.org/rfc/rfc6454#section-6.2)).
pub(super) fn origin(name: &str, text: &str, insecure_http: bool) -> Result<String, Error> {
    let example = "an origin such as https://spa.example.com";
    let url = Url::parse(text)
        .map_err(|error| Error::config(format!("{name} must be {example}: {error}")))?;
    let is_http = matches!(url.scheme(), "http" | "https");
    // A URL may have a host with an asterisk.
    let has_wildcard = url.host_str().is_none_or(|host| host.contains('*'));
    if !is_http || has_wildcard {
        return Err(Error::config(format!(
            "{name} must be {example}: each one is listed, without wildcards"
        )));
    }
    let origin = url.origin().ascii_serialization();
    if origin != text {
        return Err(Error::config(format!(
            "{name} must be written as browsers send it: scheme, host and port only, here {origin}"
        )));
    }
    if !is_secure(&url, insecure_http) {
        return Err(Error::config(format!(
            "{name} must begin with https:// (http:// is accepted on loopback only, or with insecure_http)"
        )));
    }
    Ok(origin)
}

/// Returns whether a URL is https, or http where that is allowed.
fn is_secure(url: &Url, insecure_http: bool) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => insecure_http || is_loopback(url),
        _ => false,
    }
}

/// Returns whether a URL has no other parts than an origin and a path.
fn is_origin_and_path(url: &Url) -> bool {
    let has_user = !url.username().is_empty() || url.password().is_some();
    !has_user && url.query().is_none() && url.fragment().is_none()
}

/// Returns whether a router matches a path literally.
fn is_fixed(path: &str) -> bool {
    path.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b))
}

/// Schemes that browsers use for credentials of their own or of the machine.
const AUTOMATIC_SCHEMES: [&str; 4] = ["Basic", "Digest", "Negotiate", "NTLM"];
const MAX_PREFIX_LEN: usize = 64;
const MAX_REDIRECT_URI_LEN: usize = 512;
