use url::form_urlencoded;

use crate::crypto::sha256;

/// A valid authorization request.
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
    /// Decided before the login, as in Fief: `1` if the login page is required.
    pub(crate) acr: &'static str,
}

/// The tokens that are returned along with the code.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ResponseType {
    pub(crate) id_token: bool,
    pub(crate) token: bool,
}

/// A PKCE challenge ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)).
#[derive(Clone, Debug)]
pub(crate) enum Challenge {
    Plain(String),
    S256(String),
}

impl AuthorizeRequest {
    /// Returns the redirect URI with parameters and `state`, in the query or the fragment as the
    /// response type requires.
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

    /// Returns the redirect URI with an error. Each character of the description is a parameter
    /// of its own, as in Fief.
    pub(crate) fn error_url(&self, error: &str, description: &str) -> String {
        let characters: Vec<String> = description.chars().map(String::from).collect();
        let mut parameters = vec![("error", error)];
        parameters.extend(characters.iter().map(|c| ("error_description", c.as_str())));
        self.callback_url(&parameters)
    }
}

impl ResponseType {
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

    pub(crate) fn is_hybrid(self) -> bool {
        self.id_token || self.token
    }
}

impl Challenge {
    pub(crate) fn accepts(&self, verifier: &str) -> bool {
        match self {
            Self::Plain(challenge) => verifier == challenge,
            Self::S256(challenge) => sha256(verifier) == *challenge,
        }
    }
}
