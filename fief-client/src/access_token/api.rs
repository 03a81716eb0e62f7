use crate::{
    Fief, FiefAccessTokenInfo, FiefError, Requirements,
    access_token::validate::{ValidatedBy, is_published, parse, record, unknown_key_error},
    error::Unverified,
    keys::Budget,
};

impl Fief {
    /// Validates an access token and checks requirements
    /// ([RFC 9068, section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)).
    ///
    /// The signature, the issuer, the audience and the times are checked, and that it is not an ID token. No
    /// request is sent while Fief's keys are cached, and a token that was validated before is not verified
    /// again.
    ///
    /// ```no_run
    /// use fief_client::{Fief, FiefError, Requirements};
    ///
    /// # async fn example(fief: Fief, authorization: &str) -> Result<(), FiefError> {
    /// let create = Requirements::new().scope("openid").permission("castles:create");
    /// let access_token = authorization.strip_prefix("Bearer ").unwrap_or_default();
    /// match fief.validate_access_token(access_token, &create).await {
    ///     Ok(token) => println!("{} creates a castle", token.id()),
    ///     Err(FiefError::AccessTokenExpired { .. }) => println!("refresh the token"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`FiefError::AccessTokenInvalid`]: the token is malformed, or was not issued by Fief for this client and for any
    ///   sender. Its [`Reason`](crate::Reason) names the claim.
    /// - [`FiefError::AccessTokenExpired`]: the token has expired.
    /// - [`FiefError::AccessTokenMissingScope`], [`FiefError::AccessTokenAcrTooLow`],
    ///   [`FiefError::AccessTokenAuthTooOld`], [`FiefError::AccessTokenMissingPermission`]: the token is
    ///   valid, but does not meet the requirements.
    /// - [`FiefError::Transport`], [`FiefError::Request`], [`FiefError::DiscoveryInvalid`],
    ///   [`FiefError::ResponseInvalid`]: Fief's keys are not cached and could not be fetched. Nothing is known about the
    ///   token.
    pub async fn validate_access_token(
        &self,
        access_token: &str,
        requirements: &Requirements,
    ) -> Result<FiefAccessTokenInfo, FiefError> {
        let info = match self.try_validate_access_token(access_token) {
            Some(validated) => validated?,
            None => self
                .validate_with_fetch(access_token, Budget::Callers)
                .await
                .map_err(Unverified::into_error)?,
        };
        self.check_requirements(&info, requirements)?;
        Ok(info)
    }

    /// Validates an access token of a session: one that Fief's token endpoint sent, to this process or to
    /// another one, and that was sealed since. For fief-axum.
    ///
    /// An unknown key is fetched although anonymous callers have sent unknown key ids. A token is invalid because
    /// of its key only if keys without it were fetched.
    #[doc(hidden)]
    pub async fn validate_session_token(
        &self,
        access_token: &str,
    ) -> Result<FiefAccessTokenInfo, FiefError> {
        self.validate_issued(access_token)
            .await
            .map_err(Unverified::into_error)
    }

    /// Validates an access token that Fief's token endpoint sent.
    pub(crate) async fn validate_issued(
        &self,
        access_token: &str,
    ) -> Result<FiefAccessTokenInfo, Unverified> {
        let budget = Budget::TokenEndpoint;
        match self
            .inner
            .validator
            .try_validate(access_token.as_bytes(), budget)
        {
            Some(validated) => validated.map_err(Unverified::Rejected),
            None => self.validate_with_fetch(access_token, budget).await,
        }
    }

    /// Validates an access token with cached keys, without awaiting. For middleware, which then needs no
    /// future of its own for most requests; others use
    /// [`validate_access_token`](Self::validate_access_token).
    ///
    /// Returns `None` if the keys must be fetched first. That says nothing about the token: call
    /// `validate_access_token`. No requirements are checked:
    /// [`check_requirements`](Self::check_requirements) does that.
    ///
    /// ```no_run
    /// use fief_client::{Fief, FiefAccessTokenInfo, FiefError, Requirements};
    ///
    /// async fn middleware(
    ///     fief: &Fief,
    ///     access_token: &str,
    /// ) -> Result<FiefAccessTokenInfo, FiefError> {
    ///     let required = Requirements::new().scope("openid");
    ///     match fief.try_validate_access_token(access_token) {
    ///         Some(validated) => {
    ///             let token = validated?;
    ///             fief.check_requirements(&token, &required)?;
    ///             Ok(token)
    ///         }
    ///         None => fief.validate_access_token(access_token, &required).await,
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// - [`FiefError::AccessTokenInvalid`]: the token is malformed, or was not issued by Fief for this client and for any
    ///   sender. Its [`Reason`](crate::Reason) names the claim.
    /// - [`FiefError::AccessTokenExpired`]: the token has expired.
    #[must_use = "`None` means that the token was not validated"]
    pub fn try_validate_access_token(
        &self,
        access_token: impl AsRef<[u8]>,
    ) -> Option<Result<FiefAccessTokenInfo, FiefError>> {
        let validator = &self.inner.validator;
        validator.try_validate(access_token.as_ref(), Budget::Callers)
    }

    /// Returns whether a time of this client's clock is within the times of a token that it has validated. For
    /// fief-axum.
    #[doc(hidden)]
    #[must_use]
    pub fn is_valid_at(&self, token: &FiefAccessTokenInfo, now: u64) -> bool {
        self.inner.validator.is_valid_at(token, now)
    }

    /// Returns whether the key of a token that this client has validated still counts. `false` says nothing about the
    /// token: validate it again. For fief-axum.
    #[doc(hidden)]
    #[must_use]
    pub fn is_key_current(&self, token: &FiefAccessTokenInfo, now: u64) -> bool {
        self.inner.validator.is_key_current(token, now)
    }

    /// Returns whether a token that this client has validated is in its cache. For fief-axum.
    #[doc(hidden)]
    #[must_use]
    pub fn is_cached(&self, token: &FiefAccessTokenInfo) -> bool {
        let cache = &self.inner.validator.cache;
        cache.get(token.access_token().as_bytes()).is_some()
    }

    /// Checks requirements of a token that was validated before. For middleware, which validates a token
    /// once and then checks what each route requires.
    ///
    /// Does not check again whether the token has expired.
    ///
    /// # Errors
    /// The first requirement that the token does not meet:
    /// - [`FiefError::AccessTokenMissingScope`]: a scope was not granted.
    /// - [`FiefError::AccessTokenAcrTooLow`]: the level of authentication is too low.
    /// - [`FiefError::AccessTokenAuthTooOld`]: the login is too long ago or in the future, or its time is not known.
    /// - [`FiefError::AccessTokenMissingPermission`]: the user lacks a permission.
    #[inline]
    pub fn check_requirements(
        &self,
        token: &FiefAccessTokenInfo,
        requirements: &Requirements,
    ) -> Result<(), FiefError> {
        let clock = &self.provider().clock;
        requirements.check(token, clock)
    }

    /// Validates a token, fetching the keys if necessary.
    async fn validate_with_fetch(
        &self,
        token: &str,
        budget: Budget,
    ) -> Result<FiefAccessTokenInfo, Unverified> {
        // Boxed: the future of a fetch is large, and seldom needed.
        let result = Box::pin(self.fetch_and_validate(token, budget)).await;
        record(result, Unverified::error)
    }

    async fn fetch_and_validate(
        &self,
        token: &str,
        budget: Budget,
    ) -> Result<(FiefAccessTokenInfo, ValidatedBy), Unverified> {
        let validator = &self.inner.validator;
        let clock = &validator.provider.clock;
        if let Some(cached) = validator.cache.get(token.as_bytes()) {
            self.inner.keys().await.map_err(Unverified::NoKeys)?;
            if is_published(&cached) {
                let validated = validator.revalidate(cached, clock.now());
                return validated.map_err(Unverified::Rejected);
            }
        }
        let jws = parse(token.as_bytes())
            .map_err(|reason| Unverified::Rejected(FiefError::of_access_token(reason)))?;
        let found = self.inner.find_keys(jws.kid.as_deref(), budget).await;
        match found.map_err(Unverified::NoKeys)? {
            Some(keys) => validator
                .verify(jws, &keys, clock.now())
                .map_err(Unverified::Rejected),
            None => Err(Unverified::UnknownKey(unknown_key_error(&jws))),
        }
    }
}
