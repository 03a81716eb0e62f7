use url::Url;

use crate::{
    AuthorizationRequest, AuthorizationResponse, FiefError, FiefUserInfo, LoginAttempt,
    cli::{FiefAuthError, credentials::Credentials, store::Store},
};

impl Store {
    /// Begins a login.
    pub(super) async fn begin(
        &self,
        redirect_uri: &str,
        request: AuthorizationRequest,
    ) -> Result<(Url, LoginAttempt), FiefError> {
        let request = request.scope_once("offline_access");
        self.fief.begin_login(redirect_uri, request).await
    }

    /// Exchanges the code of a login, and saves its tokens.
    pub(super) async fn finish(
        &self,
        attempt: &LoginAttempt,
        response: &AuthorizationResponse,
    ) -> Result<FiefUserInfo, FiefAuthError> {
        match self.fief.finish_login(attempt, response).await {
            Ok((tokens, user)) => {
                let (verified, _) = self.verified(tokens, user).await?;
                let user = verified.user.clone();
                self.replace(&Credentials::verified(verified)).await?;
                Ok(user)
            }
            Err(FiefError::TokensPending { pending, source }) => {
                self.replace(&Credentials::pending(None, &pending)?).await?;
                Err(FiefError::TokensPending { pending, source }.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}
