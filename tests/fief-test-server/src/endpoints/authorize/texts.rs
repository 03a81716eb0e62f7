//! Descriptions of errors.

use crate::http::Text;

pub(super) const INVALID_CLIENT: Text = Text::new(
    "The client is missing or unknown.",
    "Le client est absent ou inconnu.",
);
pub(super) const INVALID_PROMPT: Text = Text::new(
    "prompt should either be \"none\", \"login\" or \"register\"",
    "prompt accepte seulement \"none\", \"login\" et \"register\"",
);
pub(super) const INVALID_REDIRECT_URI: Text = Text::new(
    "The redirect URI is missing or not one of this application.",
    "L'URI de redirection est absente ou n'appartient pas à cette application.",
);
pub(super) const INVALID_RESPONSE_TYPE: Text =
    Text::new("response_type is invalid", "response_type n'est pas valide");
pub(super) const INVALID_SCOPE: Text = Text::new(
    "scope should contain \"openid\"",
    "\"openid\" est absent de scope",
);
pub(super) const INVALID_SCREEN: Text = Text::new(
    "screen should either be \"login\" or \"register\"",
    "screen accepte seulement \"login\" et \"register\"",
);
pub(super) const MISSING_NONCE: Text = Text::new(
    "nonce parameter is required for this response_type",
    "nonce est obligatoire avec ce response_type",
);
pub(super) const MISSING_RESPONSE_TYPE: Text =
    Text::new("response_type is missing", "response_type est absent");
pub(super) const MISSING_SCOPE: Text = Text::new("scope is missing", "scope est absent");
pub(super) const NOT_LOGGED_IN: Text =
    Text::new("User is not logged in", "Personne n'est connecté");
pub(super) const REQUEST_PARAMETER: Text = Text::new(
    "request parameter is not supported",
    "request n'est pas pris en charge",
);
pub(super) const UNSUPPORTED_METHOD: Text = Text::new(
    "Unsupported code_challenge_method",
    "Cette code_challenge_method n'est pas prise en charge",
);
