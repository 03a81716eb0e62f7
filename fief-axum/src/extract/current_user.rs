use std::ops::Deref;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use fief_client::{FiefUserInfo, Requirements, internal::Chain};

use super::optional::{is_unauthenticated, optional};
use crate::{Rejection, request::auth::RequestAuth, user::Users};

/// Extractor for the user info of the request's user.
///
/// User info is fetched from Fief, cached for five minutes
/// ([`user_cache_ttl`](crate::FiefAuthBuilder::user_cache_ttl)), and filled in by each login. [`FreshUser`] skips the
/// cache. It needs [`FiefAuth::layer`](crate::FiefAuth::layer) or a guard around the route.
///
/// Rejects unauthenticated requests and inactive users with 401, and responds with 503 if the user is not cached and Fief
/// is unreachable. `Option<CurrentUser>` is `None` if credentials are missing, invalid or expired, or if the user is
/// inactive.
///
/// ```
/// use fief_axum::CurrentUser;
///
/// async fn hello(CurrentUser(user): CurrentUser) -> String {
///     format!("Hello, {}", user.email.unwrap_or_default())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CurrentUser(pub FiefUserInfo);

/// Extractor for the user info of the request's user, fetched from Fief for each request.
///
/// Use it if five minutes old data does not suffice, such as for a form to edit the profile. Otherwise as
/// [`CurrentUser`], whose cache it updates.
///
/// ```
/// use fief_axum::FreshUser;
///
/// async fn profile(FreshUser(user): FreshUser) -> String {
///     format!("Your address is {}", user.email.unwrap_or_default())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct FreshUser(pub FiefUserInfo);

impl Deref for CurrentUser {
    type Target = FiefUserInfo;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Deref for FreshUser {
    type Target = FiefUserInfo;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        user_info(parts, false).await.map(Self)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        if is_unauthenticated(parts).await? {
            return Ok(None);
        }
        optional(user_info(parts, false).await.map(Self))
    }
}

impl<S: Sync> FromRequestParts<S> for FreshUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        user_info(parts, true).await.map(Self)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for FreshUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        if is_unauthenticated(parts).await? {
            return Ok(None);
        }
        optional(user_info(parts, true).await.map(Self))
    }
}

async fn user_info(parts: &mut Parts, is_fresh: bool) -> Result<FiefUserInfo, Rejection> {
    let authentication = RequestAuth::authenticate(parts).await?;
    let token = &authentication.credential()?.token;
    let auth = authentication.auth;
    let found = if is_fresh {
        auth.users().fetch(auth.fief(), token).await
    } else {
        Users::get(auth.users(), auth.fief(), token).await
    };
    found.map_err(|error| {
        tracing::debug!(error = %Chain(&error), user = %token.id(), "failed to get user info");
        authentication.reject(error.into(), &Requirements::new())
    })
}
