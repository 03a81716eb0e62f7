use crate::{
    Fief, FiefError, FiefTokenResponse, FiefUserInfo, PendingTokens, Reason, error::Unverified,
    login::pending::Contents, metrics,
};

impl Fief {
    /// Verifies tokens of a login or a refresh that could not be verified at once: those of
    /// [`FiefError::TokensPending`].
    ///
    /// Sends no request to the token endpoint. It can be called again until it succeeds or returns another
    /// error, with any clone of the tokens and also at the same time: the first result that is not
    /// `TokensPending` is that of all clones. An unknown key is fetched once in five seconds, so wait for longer
    /// than that in between, and give up after some minutes.
    ///
    /// The tokens are checked as those of a login or refresh are. The age of the login
    /// ([`max_age`](crate::AuthorizationRequest::max_age)) is that at which the tokens were received.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use fief_client::{Fief, FiefError, FiefTokenResponse, RefreshParams};
    ///
    /// async fn refreshed(
    ///     fief: &Fief,
    ///     refresh_token: &str,
    /// ) -> Result<FiefTokenResponse, FiefError> {
    ///     let mut result = fief.auth_refresh_token(refresh_token, &RefreshParams::new()).await;
    ///     for _ in 0..20 {
    ///         let Err(FiefError::TokensPending { pending, .. }) = &result else { break };
    ///         // The refresh token is used up: its response is verified when Fief's keys can be
    ///         // fetched again.
    ///         tokio::time::sleep(Duration::from_secs(6)).await;
    ///         result = fief.verify(pending).await;
    ///     }
    ///     let (tokens, _user) = result?;
    ///     Ok(tokens)
    /// }
    /// ```
    ///
    /// # Errors
    /// - [`FiefError::TokensPending`]: the keys can still not be fetched, or lack the key of the tokens, or the
    ///   tokens come from the future, since clocks differ. The tokens are in the error again.
    /// - [`FiefError::IdTokenInvalid`], [`FiefError::AccessTokenInvalid`],
    ///   [`FiefError::AccessTokenExpired`]: the tokens are not those that were expected.
    /// - [`FiefError::UserInactive`]: the user's account is not active.
    /// - [`FiefError::Configuration`]: the tokens were issued to another client, or by another issuer. They stay
    ///   pending.
    pub async fn verify(
        &self,
        pending: &PendingTokens,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        self.check_client(pending)?;
        if self.provider().discovery.issuer().is_none()
            && let Err(source) = self.inner.metadata().await
        {
            return not_yet(pending, source);
        }
        self.check_client(pending)?;
        if let Some(outcome) = pending.outcome() {
            return outcome;
        }
        let verified = self.verify_contents(pending.contents()).await;
        match verified.inspect_err(record_rejection) {
            Ok(user) => pending.complete(Ok(user)),
            Err(
                Unverified::NoKeys(source)
                | Unverified::Rejected(
                    source @ (FiefError::AccessTokenInvalid(Reason::NotYetValid { .. })
                    | FiefError::IdTokenInvalid(Reason::NotYetValid { .. })),
                ),
            ) => not_yet(pending, source),
            Err(Unverified::Rejected(error)) => pending.complete(Err(error)),
            Err(Unverified::UnknownKey(_)) => not_yet(pending, FiefError::ResponseInvalid(NO_KEY)),
        }
    }

    /// Checks that tokens were issued to this client, and by its issuer if that is known.
    pub(super) fn check_client(&self, pending: &PendingTokens) -> Result<(), FiefError> {
        let Contents {
            client_id,
            issuer,
            tokens: _,
            expected: _,
        } = pending.contents();
        let known = self.provider().discovery.issuer();
        if client_id == self.client_id() && known.is_none_or(|known| known == issuer) {
            return Ok(());
        }
        Err(FiefError::Configuration(
            "the pending tokens belong to another client or issuer: verify them with the Fief that requested them"
                .into(),
        ))
    }

    /// Verifies both tokens, and that they belong to one active user.
    async fn verify_contents(&self, contents: &Contents) -> Result<FiefUserInfo, Unverified> {
        let Contents {
            client_id: _,
            issuer: _,
            tokens,
            expected,
        } = contents;
        let user = self
            .verify_id_token(tokens.id_token(), tokens.access_token(), expected)
            .await?;
        let info = self.validate_issued(tokens.access_token()).await?;
        if info.id() != user.sub {
            return Err(Unverified::Rejected(FiefError::IdTokenInvalid(
                Reason::WrongValue { name: "sub" },
            )));
        }
        if user.is_active == Some(false) {
            return Err(Unverified::Rejected(FiefError::UserInactive));
        }
        Ok(user)
    }
}

/// Logs and counts the rejection of an ID token. That of an access token has been recorded.
fn record_rejection(unverified: &Unverified) {
    let error = unverified.error();
    if let FiefError::IdTokenInvalid(reason) = error {
        let label = reason.label();
        tracing::debug!(%error, reason = label, "ID token rejected");
        metrics::rejection("id_token", label);
    }
}

/// Returns the error of tokens that cannot be verified yet, unless another clone was verified in the meantime.
fn not_yet(
    pending: &PendingTokens,
    source: FiefError,
) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
    pending.outcome().unwrap_or_else(|| {
        Err(FiefError::TokensPending {
            pending: pending.clone(),
            source: Box::new(source),
        })
    })
}

const NO_KEY: &str = "the key set does not contain the key of the tokens";
