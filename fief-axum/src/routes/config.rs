use std::sync::Arc;

use fief_client::{AuthorizationRequest, Requirements};
use url::{Url, form_urlencoded};

use super::OnLoginPage;
use crate::{
    RejectionKind, rejection::challenge::ChallengeParams, request::return_to::return_to,
    session::Sessions,
};

/// The web application that visitors log in to, checked.
pub(crate) struct LoginConfig {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) redirect_uri: String,
    pub(crate) logout_redirect_uri: String,
    pub(crate) callback_route: String,
    pub(crate) logout_route: String,
    pub(crate) user_route: Option<String>,
    pub(crate) after_login: String,
    pub(crate) on_login_page: Option<OnLoginPage>,
    pub(crate) request: AuthorizationRequest,
    pub(crate) origin: String,
    pub(crate) prefix: String,
    pub(crate) login_route: String,
}

impl LoginConfig {
    /// The origin of the application, as browsers write it.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The login route as browsers see it.
    pub(crate) fn login_path(&self) -> String {
        format!("{}{}", self.prefix, self.login_route)
    }

    /// The logout route as browsers see it.
    pub(crate) fn logout_path(&self) -> String {
        format!("{}{}", self.prefix, self.logout_route)
    }

    /// Where to log in and come back from; for a step-up, at the level and age that are required.
    pub(crate) fn login_url(
        &self,
        page: &str,
        kind: &RejectionKind,
        required: &Requirements,
    ) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        // A page that the login would not come back to is not carried along, however long it is.
        query.extend_pairs(self.return_to(page).map(|page| ("return_to", page)));
        let ChallengeParams {
            // The application's own, which every login asks for.
            scope: _,
            acr,
            max_age,
        } = ChallengeParams::new(kind, required);
        query.extend_pairs(acr.map(|acr| ("acr", acr)));
        query.extend_pairs(max_age.map(|max_age| ("max_age", max_age)));
        let (path, query) = (self.login_path(), query.finish());
        if query.is_empty() {
            path
        } else {
            format!("{path}?{query}")
        }
    }

    /// A page to come back to, unless it leads elsewhere or into a login again.
    pub(crate) fn return_to(&self, page: &str) -> Option<String> {
        let page = return_to(page)?;
        let path = page.split(['?', '#']).next().unwrap_or_default();
        let own = path.strip_prefix(&self.prefix).is_some_and(|path| {
            [&self.login_route, &self.callback_route, &self.logout_route]
                .iter()
                .any(|own| path == *own)
        });
        (!own).then_some(page)
    }
}

/// The API as an OAuth resource ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) route: String,
    pub(crate) metadata_url: String,
}

impl Resource {
    pub(crate) fn new(id: &str, url: &Url) -> Self {
        let origin = url.origin().ascii_serialization();
        let route = format!("{WELL_KNOWN}{}", url.path().trim_end_matches('/'));
        Self {
            id: id.to_owned(),
            metadata_url: format!("{origin}{route}"),
            route,
        }
    }
}

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
