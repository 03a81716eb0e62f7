use aws_lc_rs::digest;
use fief_client::{AuthorizationResponse, FiefError};
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;
use uuid::Uuid;

/// Query of a callback.
pub(super) struct CallbackQuery {
    pub(super) response: AuthorizationResponse,
    /// `None` if Fief sent the browser back with an error.
    code: Option<SecretString>,
    iss: Option<String>,
}

/// Key of an exchange: hashes of an attempt's state and of a code. The same code
/// of another attempt has another hash.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct ExchangeKey {
    pub(super) attempt: Uuid,
    pub(super) code: Uuid,
}

impl CallbackQuery {
    /// Parses the query, without its question mark.
    pub(super) fn parse(query: &str) -> Result<Self, FiefError> {
        let response = AuthorizationResponse::parse(query)?;
        let (mut code, mut iss) = (None, None);
        // Neither is repeated: the response was parsed.
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "code" => code = Some(value.into_owned().into()),
                "iss" => iss = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(Self {
            response,
            code,
            iss,
        })
    }

    /// Returns the key of the exchange, if there is a code.
    pub(super) fn key(&self) -> Option<ExchangeKey> {
        let code = self.code.as_ref()?.expose_secret();
        let state = self.response.state();
        Some(ExchangeKey {
            attempt: attempt_id(state),
            // A state is printable, so the parts cannot be confused.
            code: hash(&format!("{state}\0{code}")),
        })
    }

    /// Returns path and query of the same callback, written again: what else was
    /// in the query is left out.
    pub(super) fn link(&self, callback_path: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(code) = &self.code {
            query.append_pair("code", code.expose_secret());
        }
        query.append_pair("state", self.response.state());
        query.extend_pairs(self.iss.iter().map(|iss| ("iss", iss)));
        format!("{callback_path}?{}", query.finish())
    }
}

/// Returns the id by which an attempt is remembered: a hash of its state.
pub(super) fn attempt_id(state: &str) -> Uuid {
    hash(state)
}

/// Returns half of the SHA-256 of a text.
fn hash(text: &str) -> Uuid {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    Uuid::from_bytes(hash.as_ref().first_chunk().copied().unwrap_or_default())
}
