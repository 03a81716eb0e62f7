use std::io;

use crate::{
    AuthorizationResponse,
    cli::{FiefAuthError, connection::Connection},
};

/// What happens while a login waits.
pub(super) enum Signal {
    /// A browser was opened, or could not be.
    Browser(io::Result<()>),
    /// A line was pasted.
    Pasted(String),
    /// Nothing more will be pasted.
    PasteEnded,
    /// The browser came back, with the login's state.
    Redirect(Result<AuthorizationResponse, FiefAuthError>, Connection),
}
