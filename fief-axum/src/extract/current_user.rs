use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use fief_client::{FiefUserInfo, Requirements};

use crate::{Rejection, head::Head, request_auth::RequestAuth};

/// The user who sent the request, as Fief described them in the last five minutes.
///
/// As `Option<CurrentUser>` it is none for no, invalid and expired credentials. Needs
/// [`FiefAuth::layer`](crate::FiefAuth::layer) or a guard around the route.
#[derive(Clone, Debug)]
pub struct CurrentUser(pub FiefUserInfo);

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let request_auth = RequestAuth::of(&parts.extensions)?;
        let head = Head::of_parts(parts);
        let required = Requirements::new();
        let auth = request_auth.auth();
        let kind = match request_auth.check(head, &required).await {
            Ok(credential) => match auth.users().get(auth.fief(), &credential.token).await {
                Ok(user) => return Ok(Self(user)),
                Err(error) => {
                    tracing::debug!(%error, "no user info");
                    error.into()
                }
            },
            Err(kind) => kind,
        };
        Err(request_auth.reject(head, kind, &required))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(found) => Ok(Some(found)),
            Err(rejection) if rejection.kind().is_unauthenticated() => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}
