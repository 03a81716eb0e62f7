use std::sync::Arc;

use axum::response::{IntoResponse, Response};

use crate::{FiefAuthBuilder, LoginPage, Rejection};

/// What clients are told.
impl FiefAuthBuilder {
    /// Replaces the answers to requests that are rejected. Whatever it returns is the answer: the handler is not
    /// reached. Default: [`Rejection`]'s own.
    ///
    /// ```
    /// # use axum::response::{Html, IntoResponse};
    /// # use fief_axum::{FiefAuth, RejectionKind};
    /// # use fief_client::Fief;
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = FiefAuth::builder(fief).on_rejection(|rejection| match rejection.kind() {
    ///     RejectionKind::MissingPermission { .. } => {
    ///         (rejection.kind().status(), Html("You may not build castles.")).into_response()
    ///     }
    ///     _ => rejection.into_response(),
    /// });
    /// # let _ = auth;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn on_rejection<F, R>(mut self, answer: F) -> Self
    where
        F: Fn(Rejection) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        self.on_rejection = Some(Arc::new(move |rejection| -> Response {
            answer(rejection).into_response()
        }));
        self
    }

    /// Replaces the pages of the login routes. Default: [`LoginPage`]'s own.
    ///
    /// ```
    /// # use axum::response::{Html, IntoResponse};
    /// # use fief_axum::{FiefAuth, LoginPageKind};
    /// # use fief_client::Fief;
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = FiefAuth::builder(fief).on_login_page(|page| match page.kind() {
    ///     LoginPageKind::Denied => {
    ///         let html = format!("Not today? <a href=\"{}\">Log in</a>", page.link());
    ///         (page.kind().status(), Html(html)).into_response()
    ///     }
    ///     _ => page.into_response(),
    /// });
    /// # let _ = auth;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn on_login_page<F, R>(mut self, answer: F) -> Self
    where
        F: Fn(LoginPage) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        self.routes.on_login_page = Some(Box::new(move |page| answer(page).into_response()));
        self
    }

    /// Names the protected area in `WWW-Authenticate`. Default: no name.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Describes the API to clients that look for where to get a token ([RFC
    /// 9728](https://www.rfc-editor.org/rfc/rfc9728)): `url` is where they reach it. `WWW-Authenticate` then names the
    /// description, which [`FiefAuth::resource_metadata`](crate::FiefAuth::resource_metadata) serves. Default: no
    /// description.
    pub fn resource(mut self, url: impl Into<String>) -> Self {
        self.resource = Some(url.into());
        self
    }
}
