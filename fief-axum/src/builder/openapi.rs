use utoipa::ToSchema;

use crate::FiefAuthBuilder;

/// Settings of `OpenAPI` documents.
impl FiefAuthBuilder {
    /// Sets the description of a scope in `OpenAPI` documents. Default: no description.
    ///
    /// ```
    /// # use fief_axum::{FiefAuth, fief_client::Fief};
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .scope_description("castles", "See and build castles.")
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    pub fn scope_description(
        mut self,
        scope: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.openapi
            .describe_scope(scope.into(), description.into());
        self
    }

    /// Replaces the schema of the responses 401, 403 and 503 in `OpenAPI` documents, for an application whose
    /// [`on_rejection`](Self::on_rejection) sends other bodies. Default: an object with `error` and `error_description`.
    ///
    /// Responses that the operation describes itself with a content are left unchanged.
    ///
    /// ```
    /// # use fief_axum::{FiefAuth, fief_client::Fief};
    /// # use utoipa::{PartialSchema, ToSchema, openapi::{ObjectBuilder, RefOr, Schema}};
    /// // Usually #[derive(ToSchema)].
    /// struct Problem;
    /// # impl PartialSchema for Problem {
    /// #     fn schema() -> RefOr<Schema> { ObjectBuilder::new().into() }
    /// # }
    /// # impl ToSchema for Problem {}
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = FiefAuth::builder(fief).rejection_schema::<Problem>().build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    pub fn rejection_schema<T: ToSchema>(mut self) -> Self {
        self.openapi.replace_rejection::<T>();
        self
    }
}
