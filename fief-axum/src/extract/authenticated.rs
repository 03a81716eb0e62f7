use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use fief_client::FiefAccessTokenInfo;

use super::optional::optional;
use crate::{Rejection, request::auth::RequestAuth};

/// The access token of whoever sent the request, validated.
///
/// As `Option<Authenticated>` it is none for no, invalid and expired credentials. A malformed `Authorization` header
/// (400), a cookie sent by another site (403) and a Fief that is away (503) are still rejected. Needs
/// [`FiefAuth::layer`](crate::FiefAuth::layer) or a guard around the route.
///
/// ```
/// use fief_axum::Authenticated;
///
/// async fn hello(token: Option<Authenticated>) -> String {
///     match token {
///         Some(Authenticated(token)) => format!("Hello, {}", token.id()),
///         None => "Hello, stranger".into(),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Authenticated(pub FiefAccessTokenInfo);

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let token = match RequestAuth::token(parts).await? {
            Some(token) => token,
            None => RequestAuth::authenticated(parts)?
                .credential()?
                .token
                .clone(),
        };
        Ok(Self(token))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Authenticated {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        optional(<Self as FromRequestParts<S>>::from_request_parts(parts, state).await)
    }
}
