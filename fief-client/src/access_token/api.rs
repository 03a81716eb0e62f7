use crate::{
    Fief, FiefAccessTokenInfo, FiefError, Requirements,
    access_token::validate::{is_published, parse, record, unknown_key},
};

impl Fief {
    /// Validates an access token and checks what is required of it.
    ///
    /// The signature, issuer, audience and times are checked, and that it is an access token. No request is
    /// sent while Fief's keys are known; a token that was validated before is not verified again.
    ///
    /// # Errors
    /// - [`FiefError::AccessTokenInvalid`], [`FiefError::AccessTokenExpired`]: not a good token.
    /// - [`FiefError::AccessTokenMissingScope`], [`FiefError::AccessTokenAcrTooLow`],
    ///   [`FiefError::AccessTokenAuthTooOld`], [`FiefError::AccessTokenMissingPermission`]: a good token that
    ///   lacks what is required.
    /// - [`FiefError::Transport`], [`FiefError::Request`], [`FiefError::ResponseInvalid`]: Fief's keys are not
    ///   known and could not be fetched.
    pub async fn validate_access_token(
        &self,
        access_token: &str,
        requirements: &Requirements,
    ) -> Result<FiefAccessTokenInfo, FiefError> {
        let info = match self.try_validate_access_token(access_token) {
            Some(validated) => validated?,
            // Boxed, since what may wait for Fief is large, and this seldom comes.
            None => record(Box::pin(self.validate_with_fetch(access_token)).await)?,
        };
        self.check_requirements(&info, requirements)?;
        Ok(info)
    }

    /// Validates an access token without waiting, as is possible while Fief's keys are known. For middleware, which
    /// answers most requests without a future of its own then.
    ///
    /// None says nothing about the token, but that Fief has to be asked for its keys first:
    /// [`validate_access_token`](Self::validate_access_token) does. Nothing is required of the token yet:
    /// [`check_requirements`](Self::check_requirements) does that.
    ///
    /// # Errors
    /// [`FiefError::AccessTokenInvalid`], [`FiefError::AccessTokenExpired`]: not a good token.
    #[must_use]
    pub fn try_validate_access_token(
        &self,
        access_token: impl AsRef<[u8]>,
    ) -> Option<Result<FiefAccessTokenInfo, FiefError>> {
        self.inner.validator.validate_cached(access_token.as_ref())
    }

    /// Checks what is required of a token that was validated before.
    ///
    /// # Errors
    /// [`FiefError::AccessTokenMissingScope`], [`FiefError::AccessTokenAcrTooLow`],
    /// [`FiefError::AccessTokenAuthTooOld`] or [`FiefError::AccessTokenMissingPermission`]: the first that fails.
    pub fn check_requirements(
        &self,
        token: &FiefAccessTokenInfo,
        requirements: &Requirements,
    ) -> Result<(), FiefError> {
        let clock = &self.provider().clock;
        // Nothing else takes the time.
        let now = if requirements.needs_time() {
            clock.now()
        } else {
            0
        };
        requirements.check(token, now, clock.leeway)
    }

    /// Validates a token with keys that may have to be fetched.
    async fn validate_with_fetch(
        &self,
        token: &str,
    ) -> Result<(FiefAccessTokenInfo, &'static str), FiefError> {
        let validator = &self.inner.validator;
        let clock = &validator.provider.clock;
        if let Some(cached) = validator.cache.get(token.as_bytes()) {
            self.inner.keys().await?;
            if is_published(&cached) {
                return validator.revalidate(cached, clock.now());
            }
        }
        let jws = parse(token.as_bytes()).map_err(FiefError::AccessTokenInvalid)?;
        match self.inner.find_key(jws.kid.as_deref()).await? {
            Some(key) => validator.verify(jws, key, clock.now()),
            None => Err(unknown_key(&jws)),
        }
    }
}
