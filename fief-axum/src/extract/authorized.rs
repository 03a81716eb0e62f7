use std::{fmt, marker::PhantomData};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use fief_client::FiefAccessTokenInfo;

use super::optional::optional;
use crate::{Policy, Rejection, RejectionKind, request::auth::RequestAuth};

/// The access token of someone who meets the policy `P`: a handler that asks for it cannot be reached by anyone else,
/// wherever it is mounted.
///
/// As `Option<Authorized<P>>` it is none for no, invalid and expired credentials, and for nothing else: who lacks what
/// the policy requires is still rejected. Needs [`FiefAuth::layer`](crate::FiefAuth::layer) or a guard around the route.
///
/// ```
/// use fief_axum::{Authorized, Policy};
/// use fief_client::Requirements;
///
/// struct CanCreateCastles;
///
/// impl Policy for CanCreateCastles {
///     fn requirements() -> Requirements {
///         Requirements::new().permission("castles:create")
///     }
/// }
///
/// async fn create(Authorized { token, .. }: Authorized<CanCreateCastles>) -> String {
///     format!("{} has a new castle", token.id())
/// }
/// ```
pub struct Authorized<P> {
    /// What the validated token says.
    pub token: FiefAccessTokenInfo,
    policy: PhantomData<fn() -> P>,
}

impl<S: Sync, P: Policy> FromRequestParts<S> for Authorized<P> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let authentication = RequestAuth::authenticate(parts).await?;
        let required = authentication.auth.policies().requirements::<P>();
        let token = &authentication.require(required)?.token;
        if !P::allows(token) {
            return Err(authentication.reject(RejectionKind::Forbidden, required));
        }
        Ok(Self {
            token: token.clone(),
            policy: PhantomData,
        })
    }
}

impl<S: Sync, P: Policy> OptionalFromRequestParts<S> for Authorized<P> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        optional(<Self as FromRequestParts<S>>::from_request_parts(parts, state).await)
    }
}

impl<P> Clone for Authorized<P> {
    fn clone(&self) -> Self {
        Self {
            token: self.token.clone(),
            policy: PhantomData,
        }
    }
}

impl<P> fmt::Debug for Authorized<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorized").field(&self.token).finish()
    }
}
