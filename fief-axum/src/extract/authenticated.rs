use std::ops::Deref;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use fief_client::FiefAccessTokenInfo;

use super::optional::{is_unauthenticated, optional};
use crate::{Rejection, request::auth::RequestAuth};

/// Extractor for the validated access token of the request.
///
/// Rejects unauthenticated requests with 401. It needs [`FiefAuth::layer`](crate::FiefAuth::layer) or a guard around the
/// route.
///
/// `Option<Authenticated>` is `None` if credentials are missing, invalid or expired. A malformed `Authorization` header
/// (400), a cookie from another site (403) and an unreachable Fief (503) are still rejected.
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
///
/// To require scopes or permissions, add a guard to the route ([`FiefAuth::require`](crate::FiefAuth::require)) or use
/// [`Authorized`](crate::Authorized).
#[derive(Clone, Debug)]
pub struct Authenticated(pub FiefAccessTokenInfo);

impl Deref for Authenticated {
    type Target = FiefAccessTokenInfo;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        if let Some(token) = RequestAuth::try_token(parts) {
            return Ok(Self(token));
        }
        RequestAuth::complete(parts).await?;
        let authentication = RequestAuth::authentication(parts)?;
        Ok(Self(authentication.credential()?.token().clone()))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Authenticated {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        if is_unauthenticated(parts).await? {
            return Ok(None);
        }
        optional(<Self as FromRequestParts<S>>::from_request_parts(parts, state).await)
    }
}
