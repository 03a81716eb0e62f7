use std::collections::BTreeMap;

use utoipa::{
    ToSchema,
    openapi::{
        ObjectBuilder, Ref, RefOr, Schema,
        schema::{SchemaType, Type},
    },
};

/// What `OpenAPI` documents say that requirements do not.
#[derive(Default)]
pub(crate) struct OpenApiSettings {
    scopes: BTreeMap<String, String>,
    /// `None` is the default.
    rejection: Option<Rejection>,
}

/// The schema of rejections.
struct Rejection {
    name: String,
    /// With those that it needs, by name.
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl OpenApiSettings {
    pub(crate) fn describe_scope(&mut self, scope: String, description: String) {
        self.scopes.insert(scope, description);
    }

    pub(crate) fn replace_rejection<T: ToSchema>(&mut self) {
        let name = T::name().into_owned();
        let mut schemas = vec![(name.clone(), T::schema())];
        T::schemas(&mut schemas);
        self.rejection = Some(Rejection { name, schemas });
    }

    /// Returns the description of a scope, or an empty string.
    pub(super) fn scope(&self, scope: &str) -> &str {
        self.scopes.get(scope).map_or("", String::as_str)
    }

    /// Returns a reference to the schema of rejections.
    pub(super) fn rejection(&self) -> Ref {
        let name = self
            .rejection
            .as_ref()
            .map(|rejection| rejection.name.as_str());
        Ref::from_schema_name(name.unwrap_or(DEFAULT_REJECTION))
    }

    /// Returns the schemas that the document needs.
    pub(super) fn schemas(&self) -> Vec<(String, RefOr<Schema>)> {
        match &self.rejection {
            Some(rejection) => rejection.schemas.clone(),
            None => vec![(DEFAULT_REJECTION.to_owned(), default_rejection())],
        }
    }
}

/// The body of a [`Rejection`](crate::Rejection).
fn default_rejection() -> RefOr<Schema> {
    let string = || ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    let object = ObjectBuilder::new()
        .property("error", string())
        .property("error_description", string())
        .required("error")
        .required("error_description");
    object.into()
}

/// The name of the default schema.
const DEFAULT_REJECTION: &str = "FiefRejection";
