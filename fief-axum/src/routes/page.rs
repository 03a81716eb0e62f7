use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use url::form_urlencoded;

use crate::site::Site;

/// The login was refused: by the user, or by Fief.
pub(super) fn refused(site: &Site, error: &str, return_to: &str) -> Response {
    let (title, text) = match error {
        "access_denied" => ("Not logged in", "Access was denied."),
        "login_required" | "consent_required" | "interaction_required" => {
            ("Not logged in", "You have to log in for this.")
        }
        _ => (
            "Not logged in",
            "The authentication server refused the login.",
        ),
    };
    page(
        StatusCode::BAD_REQUEST,
        title,
        text,
        &again(site, Some(return_to)),
    )
}

/// A callback without a login, or too late for it.
pub(super) fn not_begun(site: &Site) -> Response {
    let text = "This login has expired or was begun elsewhere.";
    page(
        StatusCode::BAD_REQUEST,
        "Please log in again",
        text,
        &again(site, None),
    )
}

/// Fief is away.
pub(super) fn unavailable(site: &Site) -> Response {
    let text = "The authentication server does not answer. Try again in a moment.";
    let page = page(
        StatusCode::SERVICE_UNAVAILABLE,
        "Not available",
        text,
        &again(site, None),
    );
    ([(header::RETRY_AFTER, "5")], page).into_response()
}

/// Something that only the application's owner can mend. The log says what.
pub(super) fn failure() -> Response {
    page(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Login failed",
        "The application cannot log you in.",
        "",
    )
}

/// A page of the application's that this visitor does not get.
pub(crate) fn rejected(status: StatusCode, text: &str) -> Response {
    page(
        status,
        status.canonical_reason().unwrap_or("Error"),
        text,
        "",
    )
}

/// The question whether to log out.
///
/// A form may be sent on to Fief only where the page's policy says so.
pub(super) fn log_out(site: &Site, fief: &str) -> Response {
    let form = format!(
        "<form method=\"post\" action=\"{}\"><button>Log out</button></form>",
        site.logout_path()
    );
    let page = page(
        StatusCode::OK,
        "Log out?",
        "You are about to log out.",
        &form,
    );
    let policy = format!("{POLICY}; form-action 'self' {fief}");
    ([(header::CONTENT_SECURITY_POLICY, policy)], page).into_response()
}

/// A link to the login route.
fn again(site: &Site, return_to: Option<&str>) -> String {
    // Serialised pairs and the paths of a route have no characters that HTML gives a meaning to but `&`.
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(return_to.map(|page| ("return_to", page)));
    format!(
        "<p><a href=\"{}?{}\">Log in</a></p>",
        site.login_path(),
        query.finish()
    )
}

/// All text is written here; of a request nothing but an encoded link is ever in it.
fn page(status: StatusCode, title: &str, text: &str, action: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style><main><h1>{title}</h1><p>{text}</p>{action}</main></html>"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    (status, headers, Html(html)).into_response()
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;\
    margin:0;color:#222;background:#f6f6f4}main{max-width:26rem;padding:2rem;background:#fff;\
    border-radius:.75rem;box-shadow:0 1px 8px #0002}h1{margin:0 0 .5rem;font-size:1.25rem}\
    a,button{color:#1a5fb4;font:inherit}";
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
