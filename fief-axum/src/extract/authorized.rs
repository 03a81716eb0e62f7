use std::{fmt, marker::PhantomData, ops::Deref};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use fief_client::FiefAccessTokenInfo;

use super::optional::{is_unauthenticated, optional};
use crate::{Policy, Rejection, RejectionKind, request::auth::RequestAuth};

/// Extractor for an access token that meets the policy `P`.
///
/// A handler that takes it cannot be reached by a request that does not meet the policy, in any router it is
/// mounted in. It needs [`FiefAuth::layer`](crate::FiefAuth::layer) or a guard around the route.
///
/// `Option<Authorized<P>>` is `None` if credentials are missing, invalid or expired. Valid credentials that do not meet
/// the policy are still rejected.
///
/// ```
/// use fief_axum::{Authorized, Policy, fief_client::Requirements};
///
/// struct CanCreateCastles;
///
/// impl Policy for CanCreateCastles {
///     fn requirements() -> Requirements {
///         Requirements::new().permission("castles:create")
///     }
/// }
///
/// async fn create(Authorized(token, _): Authorized<CanCreateCastles>) -> String {
///     format!("{} has a new castle", token.id())
/// }
/// ```
pub struct Authorized<P>(
    pub FiefAccessTokenInfo,
    #[doc(hidden)] pub PhantomData<fn() -> P>,
);

impl<P> Deref for Authorized<P> {
    type Target = FiefAccessTokenInfo;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Sync, P: Policy> FromRequestParts<S> for Authorized<P> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let authentication = RequestAuth::authenticate(parts).await?;
        let required = authentication.auth.policies().requirements::<P>();
        let rejection = match authentication.require(required) {
            Ok(credential) if P::allows(credential.token()) => {
                return Ok(Self(credential.token().clone(), PhantomData));
            }
            Ok(_) => authentication.reject(RejectionKind::Forbidden, required),
            Err(rejection) => rejection,
        };
        let auth = authentication.auth;
        // Boxed, so that this future stays small for requests that are accepted.
        Err(Box::pin(rejection.with_user(auth.users(), auth.fief())).await)
    }
}

impl<S: Sync, P: Policy> OptionalFromRequestParts<S> for Authorized<P> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        if is_unauthenticated(parts).await? {
            return Ok(None);
        }
        optional(<Self as FromRequestParts<S>>::from_request_parts(parts, state).await)
    }
}

impl<P> Clone for Authorized<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<P> fmt::Debug for Authorized<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorized").field(&self.0).finish()
    }
}
