//! Logins without a browser.

use crate::{
    Endpoint, FiefTestServer,
    endpoints::{authorize::Rejection, code::code_url},
    http::Request,
    shared::Shared,
    state::{AuthorizeRequest, Session},
};

impl FiefTestServer {
    /// Logs a user in without a browser. Returns the URL that the browser would be redirected to,
    /// with a code or an error.
    ///
    /// `authorize_url` is the URL that the application redirects to at the start of a login. Its
    /// tenant and parameters count; its origin does not. The login is that of a browser without a
    /// session, by a user that consents to everything. No password is needed, an unverified e-mail
    /// address is no obstacle, and no requests are counted.
    ///
    /// To test an application, a [`Browser`](crate::Browser) does the rest. Without one, send the
    /// returned URL to its callback route, with the cookies of the first response:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use fief_test_server::FiefTestServer;
    ///
    /// let server = FiefTestServer::start().await;
    /// let url = format!(
    ///     "{}/authorize?client_id={}&redirect_uri=http://127.0.0.1:3000/callback\
    ///      &response_type=code&scope=openid&state=st",
    ///     server.url(),
    ///     server.client_id(),
    /// );
    ///
    /// let callback = server.log_in("anne@example.com", &url).await;
    /// assert!(callback.starts_with("http://127.0.0.1:3000/callback?code="));
    /// assert!(callback.ends_with("&state=st"));
    ///
    /// let silent = server.log_in("anne@example.com", url + "&prompt=none").await;
    /// assert!(silent.contains("error=login_required"));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the user is unknown in the tenant or inactive, or if Fief would respond with an
    /// error instead of a redirect: if the path is not `/authorize`, the client is unknown, the
    /// redirect URI is not registered, or `max_age` is not a number.
    #[allow(
        clippy::unused_async,
        reason = "an implementation that sends requests would be"
    )]
    pub async fn log_in(&self, email: &str, authorize_url: impl AsRef<str>) -> String {
        match self.shared.log_in(email, authorize_url.as_ref()) {
            Ok((url, _)) => url,
            Err(reason) => panic!("cannot log in {email}: {reason}"),
        }
    }
}

impl Shared {
    /// Returns the URL of the redirect, with the session if it has a code, or the reason why there is
    /// none.
    pub(crate) fn log_in(
        &self,
        email: &str,
        authorize_url: &str,
    ) -> Result<(String, Option<Session>), String> {
        let request = axum::http::Request::get(authorize_url).body(());
        let (parts, ()) = request.map_err(|error| error.to_string())?.into_parts();
        let Some((tenant, Endpoint::Authorize)) = Endpoint::find(parts.uri.path()) else {
            return Err(format!("{} is not /authorize", parts.uri.path()));
        };
        let request = Request::new(self, tenant, &parts);
        let mut state = self.state();
        let authorization = match AuthorizeRequest::parse(&request, &state) {
            Ok(authorization) => authorization,
            Err(Rejection::Redirect(url)) => return Ok((url, None)),
            Err(Rejection::Page(code, _)) => return Err(code.to_owned()),
            Err(Rejection::RedirectUri(notice)) => return Err(notice.to_string()),
            Err(Rejection::MaxAge(text)) => return Err(format!("max_age is {text:?}")),
        };
        let user = state.user_by_email(tenant, email);
        let user = user.filter(|user| user.is_active).map(|user| user.id);
        let session = Session {
            user: user.ok_or("the user is unknown or inactive")?,
            tenant: tenant.to_owned(),
            auth_time: self.clock.seconds(),
        };
        state.grant_consent(session.user, &authorization);
        code_url(&request, &mut state, &authorization, &session)
            .map(|url| (url, Some(session)))
            .ok_or_else(|| "the server has no key".to_owned())
    }
}
