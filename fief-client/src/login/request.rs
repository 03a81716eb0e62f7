use crate::{
    Fief, FiefError, FiefTokenResponse, PendingTokens,
    login::{expected::Expected, pending::Contents},
    transport::{Call, Failure, Target},
};

/// Why a request to the token endpoint brought no tokens.
///
/// Exhaustive on purpose: a code or refresh token is used up only if it was sent.
#[derive(Clone, Debug)]
pub enum TokenRequestError {
    /// Nothing was sent: the code or refresh token can still be used.
    NotSent(FiefError),
    /// The request was sent, or part of it: the code or refresh token may be used up.
    Sent(FiefError),
}

impl From<TokenRequestError> for FiefError {
    fn from(error: TokenRequestError) -> Self {
        match error {
            TokenRequestError::NotSent(error) | TokenRequestError::Sent(error) => error,
        }
    }
}

impl Fief {
    /// Sends a request to the token endpoint, once. `expected` is given the time at which the response was
    /// received.
    ///
    /// The keys are fetched first: without them the tokens could not be verified, and the code or refresh
    /// token would be used up for nothing.
    pub(super) async fn token_request(
        &self,
        call: Call,
        form: Vec<(&str, &str)>,
        expected: impl FnOnce(u64) -> Expected,
    ) -> Result<PendingTokens, TokenRequestError> {
        let unsent = TokenRequestError::NotSent;
        self.inner.keys().await.map_err(unsent)?;
        let metadata = self.inner.metadata().await.map_err(unsent)?;
        let (provider, credentials) = (self.provider(), &self.inner.credentials);
        let target = Target {
            call,
            url: provider.base.resolve(&metadata.token),
        };
        let response = provider
            .http
            .post_form(target, form, credentials, &provider.clock)
            .await;
        let tokens: FiefTokenResponse = response.map_err(classify)?;
        let tokens = tokens
            .check()
            .map_err(|why| TokenRequestError::Sent(FiefError::ResponseInvalid(why)))?;
        Ok(PendingTokens::new(Contents {
            client_id: self.client_id().to_owned(),
            issuer: metadata.issuer.clone(),
            tokens,
            expected: expected(provider.clock.now()),
        }))
    }
}

fn classify(failure: Failure) -> TokenRequestError {
    let Failure {
        error,
        was_admitted: _,
        was_sent,
    } = failure;
    if was_sent {
        TokenRequestError::Sent(error)
    } else {
        TokenRequestError::NotSent(error)
    }
}
