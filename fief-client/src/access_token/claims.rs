use std::{borrow::Cow, sync::Arc};

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    FiefAccessTokenInfo, FiefAcr,
    access_token::Validated,
    claims::{Audience, NumericDate, Validity, hyphenated, number},
    jws::{Type, present},
    key::Key,
};

/// What an access token says.
#[derive(Deserialize)]
pub(super) struct Claims<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Audience<'a>,
    exp: NumericDate,
    iat: NumericDate,
    #[serde(default, deserialize_with = "number")]
    nbf: Option<NumericDate>,
    #[serde(deserialize_with = "hyphenated")]
    sub: Uuid,
    #[serde(borrow)]
    scope: Cow<'a, str>,
    acr: FiefAcr,
    permissions: Vec<String>,
    #[serde(default, deserialize_with = "number")]
    auth_time: Option<NumericDate>,
    // The marks of an ID token.
    #[serde(default, deserialize_with = "present")]
    nonce: bool,
    #[serde(default, deserialize_with = "present")]
    c_hash: bool,
    #[serde(default, deserialize_with = "present")]
    at_hash: bool,
}

impl Claims<'_> {
    /// Compares the issuer with the pinned one byte by byte, and whom the token is for with who may use it.
    pub(super) fn check_origin(
        &self,
        issuer: Option<&str>,
        audiences: &Audiences,
    ) -> Result<(), &'static str> {
        if issuer != Some(&*self.iss) {
            return Err("it has another issuer");
        }
        if !audiences.accepts(&self.aud) {
            return Err("it is meant for another client");
        }
        Ok(())
    }

    /// Access and ID tokens have the same key, issuer and audience.
    pub(super) fn check_kind(&self, typ: Type) -> Result<(), &'static str> {
        if self.nonce || self.c_hash || self.at_hash {
            return Err("it is an ID token");
        }
        match typ {
            Type::AccessToken | Type::Any => Ok(()),
            Type::Other => Err("its type is not that of an access token"),
        }
    }

    pub(super) fn validity(&self) -> Validity {
        Validity {
            exp: self.exp,
            iat: self.iat,
            nbf: self.nbf,
        }
    }

    pub(super) fn into_info(self, token: &str, key: Arc<Key>) -> FiefAccessTokenInfo {
        let scopes = self.scope.split(' ').filter(|scope| !scope.is_empty());
        FiefAccessTokenInfo::from_validated(Arc::new(Validated {
            token: token.into(),
            key,
            validity: self.validity(),
            id: self.sub,
            scope: scopes.map(str::to_owned).collect(),
            acr: self.acr,
            permissions: self.permissions,
            auth_time: self.auth_time,
        }))
    }
}

/// Which `aud` an access token may have.
#[derive(Clone, Debug)]
pub(crate) enum Audiences {
    Any,
    Only(Vec<String>),
}

impl Audiences {
    pub(crate) fn accepts(&self, token: &Audience<'_>) -> bool {
        token.iter().any(|audience| match self {
            Self::Any => !audience.is_empty(),
            Self::Only(accepted) => accepted.iter().any(|accepted| accepted == audience),
        })
    }
}
