use std::sync::Arc;

use fief_client::{AuthorizationRequest, Requirements, internal::LogLimit};
use url::{Position, Url, form_urlencoded};

use super::{OnLoginPage, address::Address, exchanges::Exchanges, login_hook::OnLogin};
use crate::{
    RejectionKind,
    rejection::challenge::ChallengeParams,
    request::return_to::{return_to, url_of_origin},
    session::Sessions,
};

/// Validated settings of the web application that users log in to.
///
/// The fields named `route` are paths of the router. Browsers see them with the
/// path of the application in front.
pub(crate) struct LoginConfig {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) exchanges: Arc<Exchanges>,
    /// Limits the log of logins that fail.
    pub(crate) failures: LogLimit,
    /// The URL of the callback route, as registered with Fief.
    pub(crate) redirect_uri: String,
    /// The URL that Fief redirects to after a logout.
    pub(crate) logout_redirect_uri: String,
    pub(crate) callback_route: String,
    pub(crate) logout_route: String,
    pub(crate) user_route: Option<String>,
    /// The page for logins without `return_to`.
    pub(crate) after_login: String,
    pub(crate) on_login: Option<OnLogin>,
    pub(crate) on_login_page: Option<OnLoginPage>,
    /// What every login requests: the scopes.
    pub(crate) request: AuthorizationRequest,
    pub(crate) address: Address,
    pub(crate) login_route: String,
    /// Other origins whose pages a login may return to.
    pub(crate) return_origins: Vec<String>,
}

impl LoginConfig {
    /// Returns the path of the login route as browsers see it.
    pub(crate) fn login_path(&self) -> String {
        self.address.path_of(&self.login_route)
    }

    /// Returns the path of the callback route as browsers see it.
    pub(crate) fn callback_path(&self) -> String {
        self.address.path_of(&self.callback_route)
    }

    /// Returns the path of the logout route as browsers see it.
    pub(crate) fn logout_path(&self) -> String {
        self.address.path_of(&self.logout_route)
    }

    /// Returns whether the path of a request is the login route or the callback
    /// route. A redirect to log in from there would never end.
    pub(crate) fn is_part_of_login(&self, path: &str) -> bool {
        // A proxy may have stripped the path of the application.
        let route = self.address.route_of(path).unwrap_or(path);
        route == self.login_route || route == self.callback_route
    }

    /// Returns the path and query of a login that returns to `page`, or to the
    /// default page.
    ///
    /// For a step-up, the query requests the ACR and the age of the login that
    /// are required.
    pub(crate) fn login_url(
        &self,
        page: Option<&str>,
        kind: &RejectionKind,
        required: &Requirements,
    ) -> String {
        let ChallengeParams {
            // Every login requests the configured scopes.
            scope: _,
            acr,
            max_age,
        } = ChallengeParams::new(kind, required);
        self.login_path_with(&[
            ("return_to", page),
            ("acr", acr),
            ("max_age", max_age.as_deref()),
        ])
    }

    /// Returns the path and query of a login that shows Fief's login page also
    /// to users that are logged in there.
    pub(crate) fn other_user_url(&self, page: Option<&str>) -> String {
        self.login_path_with(&[("return_to", page), ("prompt", Some("login"))])
    }

    /// Returns the path of the login route with those parameters that are set.
    fn login_path_with(&self, params: &[(&str, Option<&str>)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let params = params.iter();
        // Leave out what makes the header of a redirect longer than proxies accept.
        let fitting = |value: &&str| fits_in_header(value);
        query.extend_pairs(params.filter_map(|(name, value)| Some((name, value.filter(fitting)?))));
        let (path, query) = (self.login_path(), query.finish());
        if query.is_empty() {
            path
        } else {
            format!("{path}?{query}")
        }
    }

    /// Returns the page of a URL of the application, as `Referer` has it.
    ///
    /// Returns `None` if it is on another site, or one of the login routes.
    pub(crate) fn page_of(&self, url: &str) -> Option<String> {
        let url = Url::parse(url).ok()?;
        let is_here = url.origin().ascii_serialization() == self.address.origin();
        let page = &url[Position::BeforePath..];
        is_here.then(|| self.own_page(page)).flatten()
    }

    /// Returns a page that is safe to redirect to after a login: one of this site, or a URL of one of the return origins.
    ///
    /// Returns `None` if it is on another site, or one of the login routes.
    pub(crate) fn return_to(&self, page: &str) -> Option<String> {
        self.own_page(page)
            .or_else(|| url_of_origin(&self.return_origins, page))
    }

    /// Returns a page of this site that is safe to redirect to after a login.
    ///
    /// Returns `None` if it is on another site, or one of the login routes.
    pub(crate) fn own_page(&self, page: &str) -> Option<String> {
        let page = return_to(page)?;
        let path = page.split(['?', '#']).next().unwrap_or_default();
        let own = self.address.route_of(path).is_some_and(|path| {
            [&self.login_route, &self.callback_route, &self.logout_route]
                .iter()
                .any(|own| path == *own)
        });
        (!own).then_some(page)
    }
}

/// Returns whether a redirect to the login route fits into the headers of a
/// response with this page in its query.
pub(super) fn fits_in_header(page: &str) -> bool {
    let encoded = form_urlencoded::byte_serialize(page.as_bytes());
    encoded.map(str::len).sum::<usize>() <= MAX_ENCODED_PAGE
}

/// Of a page in the query of the login route, in bytes. nginx limits the headers
/// of a response to 4 KB by default.
const MAX_ENCODED_PAGE: usize = 3400;

/// Protected resource metadata of the API
/// ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// The resource identifier, exactly as it was configured.
    pub(crate) id: String,
    /// The path of the metadata, at the root of the origin.
    pub(crate) route: String,
    /// The URL of the metadata, for `WWW-Authenticate`.
    pub(crate) metadata_url: String,
    pub(crate) details: ResourceDetails,
}

/// What else the metadata of a resource says.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceDetails {
    pub(crate) scopes: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) documentation: Option<String>,
}

impl Resource {
    /// Puts the well-known path in front of the path of the resource
    /// ([RFC 9728, section 3.1](https://www.rfc-editor.org/rfc/rfc9728#section-3.1)).
    pub(crate) fn new(id: &str, url: &Url, details: ResourceDetails) -> Self {
        let origin = url.origin().ascii_serialization();
        let route = format!("{WELL_KNOWN}{}", url.path().trim_end_matches('/'));
        Self {
            id: id.to_owned(),
            metadata_url: format!("{origin}{route}"),
            route,
            details,
        }
    }
}

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
