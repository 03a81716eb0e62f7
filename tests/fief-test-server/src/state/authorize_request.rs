use url::form_urlencoded;

use crate::crypto::sha256;

/// Authorization request that has been validated.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizeRequest {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) response_type: ResponseType,
    pub(crate) scope: Vec<String>,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) login_hint: String,
    /// `1` if the login page is required. As in Fief, it is decided before the login.
    pub(crate) acr: &'static str,
}

/// Response type: the tokens that are returned along with the code.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ResponseType {
    pub(crate) id_token: bool,
    pub(crate) token: bool,
}

/// PKCE challenge ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)).
#[derive(Clone, Debug)]
pub(crate) enum Challenge {
    Plain(String),
    S256(String),
}

impl AuthorizeRequest {
    /// Returns the redirect URI with parameters and `state`.
    ///
    /// They are in the fragment if the response type is hybrid, and in the query otherwise.
    pub(crate) fn callback_url(&self, parameters: &[(&str, &str)]) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(parameters);
        if let Some(state) = &self.state {
            pairs.append_pair("state", state);
        }
        let separator = if self.response_type.is_hybrid() {
            '#'
        } else if self.redirect_uri.contains('?') {
            '&'
        } else {
            '?'
        };
        format!("{}{separator}{}", self.redirect_uri, pairs.finish())
    }

    /// Returns the redirect URI with an error.
    ///
    /// Each character of the description is a parameter of its own, which is a bug of Fief that
    /// clients have to live with.
    pub(crate) fn error_url(&self, error: &str, description: &str) -> String {
        let characters: Vec<String> = description.chars().map(String::from).collect();
        let mut parameters = vec![("error", error)];
        parameters.extend(characters.iter().map(|c| ("error_description", c.as_str())));
        self.callback_url(&parameters)
    }
}

impl ResponseType {
    /// Parses a response type. As in Fief, the order of its words matters.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id_token, token) = match text {
            "code" => (false, false),
            "code id_token" => (true, false),
            "code token" => (false, true),
            "code id_token token" => (true, true),
            _ => return None,
        };
        Some(Self { id_token, token })
    }

    /// Returns `true` if tokens are returned along with the code.
    pub(crate) fn is_hybrid(self) -> bool {
        self.id_token || self.token
    }
}

impl Challenge {
    /// Returns `true` if the verifier is that of the challenge.
    pub(crate) fn accepts(&self, verifier: &str) -> bool {
        match self {
            Self::Plain(challenge) => verifier == challenge,
            Self::S256(challenge) => sha256(verifier) == *challenge,
        }
    }
}
