use std::sync::Arc;

use crate::{
    FiefAccessTokenInfo, Reason,
    access_token::Validated,
    discovery::Discovery,
    fief::AccessTokenClaims,
    jose::{
        claims::{Audience, Validity},
        jws::Type,
    },
    keys::Key,
};

impl AccessTokenClaims<'_> {
    /// Checks that Fief issued the token, for an accepted client.
    pub(super) fn check_issuer_and_audience(
        &self,
        discovery: &Discovery,
        audiences: &Audiences,
    ) -> Result<(), Reason> {
        if !discovery.is_issuer(&self.iss) {
            return Err(Reason::WrongValue { name: "iss" });
        }
        if !audiences.accepts(&self.aud) {
            let clients: Vec<_> = self.aud.iter().collect();
            tracing::debug!(
                ?clients,
                "the access token was issued to another client: add that one to `audiences` to accept its tokens"
            );
            return Err(Reason::WrongValue { name: "aud" });
        }
        Ok(())
    }

    /// Checks that it is an access token, for any sender.
    pub(super) fn check_type(&self, typ: Type) -> Result<(), Reason> {
        self.check_kind()?;
        match typ {
            Type::AccessToken | Type::Any => Ok(()),
            Type::Other => Err(Reason::WrongValue { name: "typ" }),
        }
    }

    pub(super) fn validity(&self) -> Validity {
        Validity {
            exp: self.exp,
            iat: self.iat,
            nbf: self.nbf,
        }
    }

    /// Returns the claims as the application gets them, once they are checked.
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
            client_id: self.azp,
        }))
    }
}

/// The `aud` claims that are accepted.
#[derive(Clone, Debug)]
pub(crate) enum Audiences {
    Any,
    Only(Vec<String>),
}

impl Audiences {
    /// Returns `true` if one of the audiences is accepted.
    pub(crate) fn accepts(&self, token: &Audience<'_>) -> bool {
        token.iter().any(|audience| match self {
            Self::Any => !audience.is_empty(),
            Self::Only(accepted) => accepted.iter().any(|accepted| accepted == audience),
        })
    }
}
