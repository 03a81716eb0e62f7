use crate::FiefAuthBuilder;

/// Where visitors log in and out.
impl FiefAuthBuilder {
    /// Asks for a scope at login besides `openid`. Default: none.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.routes.scopes.push(scope.into());
        self
    }

    /// Sets the path of the login route. Default: `/login`.
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.routes.login_path = path.into();
        self
    }

    /// Sets the path that Fief sends browsers back to. Default: `/auth-callback`.
    pub fn callback_path(mut self, path: impl Into<String>) -> Self {
        self.routes.callback_path = path.into();
        self
    }

    /// Sets the path of the logout route. Default: `/logout`.
    pub fn logout_path(mut self, path: impl Into<String>) -> Self {
        self.routes.logout_path = path.into();
        self
    }

    /// Adds a route, `/user` for example, that tells the application's code in the browser who is logged in:
    /// `{"userinfo": .., "access_token_info": ..}`, or nulls. With `?refresh=true` Fief is asked anew. Default: none.
    pub fn user_route(mut self, path: impl Into<String>) -> Self {
        self.routes.user_route = Some(path.into());
        self
    }

    /// Sets the page for those who logged in without asking for one. Default: `/`.
    pub fn after_login(mut self, page: impl Into<String>) -> Self {
        self.routes.after_login = page.into();
        self
    }

    /// Sets the page for those who logged out. Default: `/`.
    pub fn after_logout(mut self, page: impl Into<String>) -> Self {
        self.routes.after_logout = page.into();
        self
    }
}
