use super::check;
use crate::{
    Error,
    request::token_source::{TokenFunction, TokenSources},
};

/// Settings of where tokens come from, not validated yet.
#[derive(Default)]
pub(super) struct SourceSettings {
    pub(super) scheme: Option<String>,
    pub(super) websocket: Option<String>,
    pub(super) functions: Vec<TokenFunction>,
}

impl SourceSettings {
    /// Returns whether there are functions, which may find what browsers send automatically.
    pub(super) fn has_functions(&self) -> bool {
        !self.functions.is_empty()
    }

    /// Validates the settings. Returns `None` if there are none.
    pub(super) fn build(self) -> Result<Option<TokenSources>, Error> {
        let Self {
            scheme,
            websocket,
            functions,
        } = self;
        if scheme.is_none() && websocket.is_none() && functions.is_empty() {
            return Ok(None);
        }
        Ok(Some(TokenSources {
            scheme: scheme.map(check::scheme).transpose()?,
            websocket: websocket.map(check::websocket_prefix).transpose()?,
            functions,
        }))
    }
}
