use std::{fmt, time::Duration};

use url::Url;

use crate::{Fief, FiefAcr, FiefError, Prompt, Screen, fief, pkce::CodeChallengeMethod};

/// Parameters of a login URL
/// ([RFC 6749, section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1),
/// [OpenID Connect Core, section 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)).
///
/// The client's id and the scope `openid` are always sent.
///
/// ```
/// use std::time::Duration;
/// use fief_client::{AuthorizationRequest, FiefAcr, Screen};
///
/// // Sign up, in French, and stay logged in.
/// let sign_up = AuthorizationRequest::new()
///     .screen(Screen::Register)
///     .lang("fr")
///     .scope("offline_access");
/// // Log in again before something dangerous.
/// let step_up = AuthorizationRequest::new()
///     .acr(FiefAcr::LevelOne)
///     .max_age(Duration::from_secs(300));
/// # let _ = (sign_up, step_up);
/// ```
#[derive(Clone, Default)]
#[must_use = "parameters do nothing until a login URL is made of them"]
pub struct AuthorizationRequest {
    pub(super) state: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) nonce: Option<String>,
    pub(super) code_challenge: Option<(String, CodeChallengeMethod)>,
    pub(super) prompt: Option<Prompt>,
    pub(super) screen: Option<Screen>,
    pub(super) lang: Option<String>,
    pub(super) login_hint: Option<String>,
    pub(super) acr: Option<FiefAcr>,
    pub(super) max_age: Option<Duration>,
    pub(super) extras: Vec<(String, String)>,
}

impl AuthorizationRequest {
    /// Returns the parameters of a plain login.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value that the callback repeats, of at most 2048 characters. Default: no value. Replaced by
    /// [`Fief::begin_login`].
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Requests a scope in addition to `openid`. Repeated calls request all of them. Default: no other scope.
    ///
    /// `offline_access` brings a refresh token.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Requests a scope, unless it is already requested.
    #[cfg(feature = "cli")]
    pub(crate) fn scope_once(self, scope: &str) -> Self {
        if self.scopes.iter().any(|requested| requested == scope) {
            return self;
        }
        self.scope(scope)
    }

    /// Sets the value that the ID token must repeat, of at most 255 characters. Default: no value. Replaced by
    /// [`Fief::begin_login`].
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Sets the challenge of PKCE
    /// ([RFC 7636, section 4.3](https://www.rfc-editor.org/rfc/rfc7636#section-4.3)): only the holder of its
    /// verifier can exchange the code. Default: no challenge. Replaced by [`Fief::begin_login`].
    ///
    /// ```
    /// use fief_client::{AuthCallbackParams, AuthorizationRequest, pkce};
    ///
    /// let verifier = pkce::get_code_verifier()?;
    /// let method = pkce::CodeChallengeMethod::S256;
    /// let challenge = pkce::get_code_challenge(&verifier, method);
    /// let request = AuthorizationRequest::new().code_challenge(challenge, method);
    /// // Keep the verifier for the callback.
    /// let params = AuthCallbackParams::new().code_verifier(verifier);
    /// # let _ = (request, params);
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn code_challenge(
        mut self,
        challenge: impl Into<String>,
        method: CodeChallengeMethod,
    ) -> Self {
        self.code_challenge = Some((challenge.into(), method));
        self
    }

    /// Sets which pages are shown. Default: those that are necessary.
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompt = Some(prompt);
        self
    }

    /// Sets the page that a user without a session at Fief gets first. Default: [`Screen::Login`].
    pub fn screen(mut self, screen: Screen) -> Self {
        self.screen = Some(screen);
        self
    }

    /// Sets the language of Fief's pages, as a language tag such as `fr` or `fr-FR`. Default: the browser's.
    pub fn lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    /// Fills in the e-mail address of the login page. The id of an OAuth provider of Fief goes to that provider
    /// directly. Default: no hint.
    pub fn login_hint(mut self, login_hint: impl Into<String>) -> Self {
        self.login_hint = Some(login_hint.into());
        self
    }

    /// Requests a level of authentication, which the tokens are checked for. `LevelOne` shows the login page
    /// also to users with a session at Fief. Default: any level.
    pub fn acr(mut self, acr: FiefAcr) -> Self {
        self.acr = Some(acr);
        self
    }

    /// Requests that the user has logged in no longer ago than this, in whole seconds, which the tokens are
    /// checked for. Default: any age.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Adds a parameter that has no setter here. Default: no parameter.
    ///
    /// A parameter that has a setter, that the protocol sets or that is repeated is rejected when the URL is
    /// made.
    ///
    /// ```
    /// use fief_client::AuthorizationRequest;
    ///
    /// let request = AuthorizationRequest::new().extra("utm_source", "newsletter");
    /// # let _ = request;
    /// ```
    #[doc(alias = "extras_params")]
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extras.push((name.into(), value.into()));
        self
    }

    /// Checks what Fief could not store, and extra parameters.
    fn check(&self) -> Result<(), FiefError> {
        let bad = |why: String| Err(FiefError::Configuration(why));
        let challenge = self.code_challenge.as_ref().map(|(challenge, _)| challenge);
        let bounded = [
            ("state", self.state.as_ref(), fief::MAX_STATE),
            ("nonce", self.nonce.as_ref(), fief::MAX_NONCE),
            ("code_challenge", challenge, fief::MAX_CODE_CHALLENGE),
        ];
        for (name, value, limit) in bounded {
            if value.is_some_and(|value| value.chars().count() > limit) {
                return bad(format!("{name} must be at most {limit} characters"));
            }
        }
        for (index, (name, _)) in self.extras.iter().enumerate() {
            if is_reserved(name) {
                return bad(format!(
                    "the extra parameter {name:?} is reserved: use its setter, or leave it out"
                ));
            }
            if self
                .extras
                .iter()
                .take(index)
                .any(|(other, _)| other == name)
            {
                return bad(format!(
                    "the extra parameter {name:?} is repeated: add it once"
                ));
            }
        }
        Ok(())
    }

    /// Returns the `scope` parameter: `openid` once, and the other scopes.
    fn scope_value(&self) -> String {
        let mut scopes = vec!["openid"];
        scopes.extend(
            self.scopes
                .iter()
                .map(String::as_str)
                .filter(|scope| *scope != "openid"),
        );
        scopes.join(" ")
    }
}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("scopes", &self.scopes)
            .field("prompt", &self.prompt)
            .field("screen", &self.screen)
            .field("acr", &self.acr)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}

impl Fief {
    /// Returns the URL that a browser opens to log in. Fief then redirects it to `redirect_uri`, which must be
    /// registered with Fief, character by character.
    ///
    /// The caller protects the login: generates state, nonce and PKCE verifier, and checks them in the
    /// callback. [`begin_login`](Self::begin_login) and [`finish_login`](Self::finish_login) do this and are
    /// what to use, unless the parts of a login are handled by different programs.
    ///
    /// ```no_run
    /// # async fn example(fief: fief_client::Fief) -> Result<(), fief_client::FiefError> {
    /// use fief_client::AuthorizationRequest;
    ///
    /// let request = AuthorizationRequest::new().state("STATE").nonce("NONCE");
    /// let url = fief.auth_url("https://app.example.com/callback", &request).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`FiefError::Configuration`]: `redirect_uri` is not an absolute URI without a fragment, an extra
    ///   parameter is reserved or repeated, or a value is too long.
    /// - [`FiefError::Transport`], [`FiefError::Request`], [`FiefError::DiscoveryInvalid`],
    ///   [`FiefError::ResponseInvalid`]: the discovery document is not cached and could not be fetched.
    #[doc(alias = "getAuthURL")]
    pub async fn auth_url(
        &self,
        redirect_uri: &str,
        request: &AuthorizationRequest,
    ) -> Result<Url, FiefError> {
        check_redirect_uri(redirect_uri)?;
        request.check()?;
        let metadata = self.inner.metadata().await?;
        let mut url = self.provider().public.resolve(&metadata.authorization);
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client_id())
            .append_pair("redirect_uri", redirect_uri);
        let AuthorizationRequest {
            state,
            scopes: _,
            nonce,
            code_challenge,
            prompt,
            screen,
            lang,
            login_hint,
            acr,
            max_age,
            extras,
        } = request;
        let scope = request.scope_value();
        let max_age = max_age.map(|age| age.as_secs().to_string());
        let (challenge, method) = code_challenge
            .as_ref()
            .map(|(c, m)| (c.as_str(), m.as_str()))
            .unzip();
        let optional = [
            ("state", state.as_deref()),
            ("scope", Some(&*scope)),
            ("nonce", nonce.as_deref()),
            ("code_challenge", challenge),
            ("code_challenge_method", method),
            ("prompt", prompt.map(Prompt::as_str)),
            (fief::SCREEN, screen.map(Screen::as_str)),
            (fief::LANG, lang.as_deref()),
            ("login_hint", login_hint.as_deref()),
            ("acr_values", acr.map(FiefAcr::as_str)),
            ("max_age", max_age.as_deref()),
        ];
        query.extend_pairs(
            optional
                .iter()
                .filter_map(|(name, value)| value.map(|value| (name, value))),
        );
        query.extend_pairs(extras);
        drop(query);
        Ok(url)
    }
}

/// Checks a redirect URI ([RFC 6749, section 3.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2)).
fn check_redirect_uri(redirect_uri: &str) -> Result<(), FiefError> {
    match Url::parse(redirect_uri) {
        Ok(url) if url.fragment().is_none() => Ok(()),
        _ => Err(FiefError::Configuration(
            "redirect_uri must be an absolute URI without a fragment".into(),
        )),
    }
}

/// Returns `true` if a parameter has a setter or is set by the protocol.
fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    RESERVED.contains(&&*name)
        || RESERVED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

const RESERVED: [&str; 12] = [
    "acr_values",
    "client_id",
    "client_secret",
    fief::LANG,
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "scope",
    fief::SCREEN,
    "state",
];
const RESERVED_PREFIXES: [&str; 3] = ["code", "request", "response_"];
