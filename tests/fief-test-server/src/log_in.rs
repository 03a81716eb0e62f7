use crate::{
    Endpoint, FiefTestServer,
    endpoints::{authorize::Rejection, code::code_url},
    http::Request,
    shared::Shared,
    state::{AuthorizeRequest, Session},
};

impl FiefTestServer {
    /// Logs a user in without a page: the address with the code, or with an error, that the
    /// browser would be sent back to.
    ///
    /// The browser has no session before, the user consents to everything, and no request is
    /// counted.
    ///
    /// # Panics
    ///
    /// Panics when there is no such user, and where Fief would show an error page: when the
    /// address is not one of `/authorize`, or names an unknown client or redirect URI.
    #[allow(
        clippy::unused_async,
        reason = "a login is awaited, wherever it takes place"
    )]
    pub async fn log_in(&self, email: &str, authorize_url: impl AsRef<str>) -> String {
        match self.shared.log_in(email, authorize_url.as_ref()) {
            Ok(url) => url,
            Err(reason) => panic!("{email} cannot be logged in: {reason}"),
        }
    }
}

impl Shared {
    fn log_in(&self, email: &str, authorize_url: &str) -> Result<String, String> {
        let request = axum::http::Request::get(authorize_url).body(());
        let (parts, ()) = request.map_err(|error| error.to_string())?.into_parts();
        let Some((tenant, Endpoint::Authorize)) = Endpoint::find(parts.uri.path()) else {
            return Err(format!("{} is not /authorize", parts.uri.path()));
        };
        let request = Request::new(self, tenant, &parts, Vec::new());
        let mut state = self.state();
        let authorization = match AuthorizeRequest::parse(&request, &state) {
            Ok(authorization) => authorization,
            Err(Rejection::Redirect(url)) => return Ok(url),
            Err(Rejection::Page(code, _)) => return Err(code.to_owned()),
            Err(Rejection::MaxAge(text)) => return Err(format!("max_age is {text:?}")),
        };
        let user = state.user_by_email(tenant, email);
        let user = user.filter(|user| user.is_active).map(|user| user.id);
        let session = Session {
            user: user.ok_or("there is no such active user")?,
            tenant: tenant.to_owned(),
            auth_time: self.clock.seconds(),
        };
        state.grant_consent(session.user, &authorization);
        code_url(&request, &mut state, &authorization, &session)
            .ok_or_else(|| "the server has no key".to_owned())
    }
}
