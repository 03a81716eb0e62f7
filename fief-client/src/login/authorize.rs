use std::{fmt, time::Duration};

use url::Url;

use crate::{Fief, FiefAcr, FiefError, Prompt, Screen, fief, pkce::CodeChallengeMethod};

/// What a login URL asks for besides client and redirect URI
/// ([RFC 6749, section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1),
/// [OpenID Connect Core, section 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)).
///
/// The scope `openid` is always asked for.
#[derive(Clone, Default)]
#[must_use]
pub struct AuthorizationRequest {
    state: Option<String>,
    scopes: Vec<String>,
    nonce: Option<String>,
    code_challenge: Option<(String, CodeChallengeMethod)>,
    prompt: Option<Prompt>,
    screen: Option<Screen>,
    lang: Option<String>,
    login_hint: Option<String>,
    pub(super) acr: Option<FiefAcr>,
    pub(super) max_age: Option<Duration>,
    extras: Vec<(String, String)>,
}

impl AuthorizationRequest {
    /// Asks for a plain login.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value that the callback returns. At most 2048 characters.
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Asks for a scope besides `openid`. `offline_access` brings a refresh token.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Sets the value that the ID token must repeat. At most 255 characters.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Sets the challenge that the code exchange must answer
    /// ([RFC 7636, section 4.3](https://www.rfc-editor.org/rfc/rfc7636#section-4.3)).
    pub fn code_challenge(
        mut self,
        challenge: impl Into<String>,
        method: CodeChallengeMethod,
    ) -> Self {
        self.code_challenge = Some((challenge.into(), method));
        self
    }

    /// Sets whether pages are shown. Default: those that are needed.
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompt = Some(prompt);
        self
    }

    /// Sets the page that a visitor without a session sees first. Default: [`Screen::Login`].
    pub fn screen(mut self, screen: Screen) -> Self {
        self.screen = Some(screen);
        self
    }

    /// Sets the language of Fief's pages, such as `fr` or `fr-FR`. Default: the browser's.
    pub fn lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    /// Fills in the e-mail address, or goes straight to the OAuth provider of this id.
    pub fn login_hint(mut self, login_hint: impl Into<String>) -> Self {
        self.login_hint = Some(login_hint.into());
        self
    }

    /// Asks for this level of authentication; `LevelOne` shows the login page even to those with a session.
    pub fn acr(mut self, acr: FiefAcr) -> Self {
        self.acr = Some(acr);
        self
    }

    /// Asks for a login no longer ago than this (whole seconds).
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Adds a parameter that has no setter here. Those that have one, or that the protocol sets, are refused.
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extras.push((name.into(), value.into()));
        self
    }

    /// Refuses what would not arrive as it was meant.
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
                return bad(format!("{name}: at most {limit} characters"));
            }
        }
        for (index, (name, _)) in self.extras.iter().enumerate() {
            if is_reserved(name) {
                return bad(format!("the extra parameter {name:?} is reserved"));
            }
            if self
                .extras
                .iter()
                .take(index)
                .any(|(other, _)| other == name)
            {
                return bad(format!("the extra parameter {name:?} is repeated"));
            }
        }
        Ok(())
    }

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
    /// Returns the URL that a browser opens to log in; Fief sends it back to `redirect_uri`, which must be
    /// registered with Fief to the letter.
    ///
    /// Protecting the login (state, nonce, PKCE) is the caller's here; [`begin_login`](Self::begin_login) does it.
    ///
    /// # Errors
    /// - [`FiefError::Configuration`]: `redirect_uri` is no absolute URI without a fragment, an extra parameter is
    ///   reserved or repeated, or a value is too long.
    /// - [`FiefError::Transport`], [`FiefError::Request`], [`FiefError::ResponseInvalid`]: the discovery document
    ///   is not known and could not be fetched.
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

/// [RFC 6749, section 3.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2)
fn check_redirect_uri(redirect_uri: &str) -> Result<(), FiefError> {
    match Url::parse(redirect_uri) {
        Ok(url) if url.fragment().is_none() => Ok(()),
        _ => Err(FiefError::Configuration(
            "redirect_uri: must be an absolute URI without a fragment".into(),
        )),
    }
}

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
