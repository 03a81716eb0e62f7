use std::{fmt, io};

use serde::Serialize;

use crate::request::return_to::return_to;

/// Login that [`on_login`](crate::FiefAuthBuilder::on_login) accepts: what the
/// session begins with, and the page that the browser is redirected to.
///
/// A hook that needs neither returns `()`.
///
/// # Example
///
/// ```
/// use fief_axum::AcceptedLogin;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, Serialize)]
/// struct Member {
///     number: u64,
/// }
///
/// let accepted = AcceptedLogin::new()
///     .data(&Member { number: 7 })
///     .redirect_to("/welcome");
/// # let _ = accepted;
/// ```
#[derive(Default)]
#[must_use = "it does nothing unless the hook returns it"]
pub struct AcceptedLogin {
    page: Option<Result<String, InvalidPage>>,
    data: Option<Result<String, InvalidData>>,
}

/// The page is not a path of this site.
#[derive(Debug, thiserror::Error)]
#[error("`redirect_to` is not a path on this site")]
pub(super) struct InvalidPage;

/// The application's value cannot be part of a session.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidData {
    #[error("`data` cannot be serialized")]
    NotSerializable(#[source] serde_json::Error),
    #[error("`data` exceeds {MAX_DATA_LEN} bytes of JSON: keep the rest in a database")]
    TooLong,
}

impl AcceptedLogin {
    /// Accepts the login: the session has no value, and the browser is redirected
    /// to the page that the login was started for.
    pub fn new() -> Self {
        Self::default()
    }

    /// Redirects to a page of this site instead of the one that the login was
    /// started for, such as a form for new users: see [`Login::return_to`](crate::Login::return_to).
    ///
    /// It is a path with a query, as browsers see it. If it is another
    /// site's, too long, or a login route, an error is logged, and
    /// the browser is redirected as if it was not set.
    pub fn redirect_to(mut self, page: impl AsRef<str>) -> Self {
        self.page = Some(return_to(page.as_ref()).ok_or(InvalidPage));
        self
    }

    /// Puts a value into the session, which
    /// [`CurrentSession::data`](crate::CurrentSession::data) returns, such as the
    /// user's id in a database of the application.
    ///
    /// It is serialized as JSON and sealed together with the session. It never
    /// changes: refreshes keep it, and each login replaces it, also one with a
    /// higher ACR or without a page (`prompt=none`).
    ///
    /// It may have 4096 bytes, and in cookies the session with the value may have
    /// 6.5 KB. If it has more, or cannot be serialized, the login fails with
    /// status 500 and an error is logged: nothing is cut off.
    pub fn data<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        self.data = Some(to_json(value));
        self
    }

    /// Returns the page and the value, if they are set.
    pub(super) fn into_parts(self) -> Parts {
        let Self { page, data } = self;
        (page.transpose(), data.transpose())
    }
}

pub(super) type Parts = (
    Result<Option<String>, InvalidPage>,
    Result<Option<String>, InvalidData>,
);

impl From<()> for AcceptedLogin {
    fn from((): ()) -> Self {
        Self::new()
    }
}

impl fmt::Debug for AcceptedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptedLogin").finish_non_exhaustive()
    }
}

/// Serializes a value, at most as many bytes as it may have.
fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, InvalidData> {
    let mut json = Bounded(Vec::new());
    serde_json::to_writer(&mut json, value).map_err(|error| {
        if error.is_io() {
            InvalidData::TooLong
        } else {
            InvalidData::NotSerializable(error)
        }
    })?;
    // JSON is UTF-8.
    Ok(String::from_utf8_lossy(&json.0).into_owned())
}

/// Writer that fails once there are too many bytes.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_DATA_LEN {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// In bytes.
const MAX_DATA_LEN: usize = 4096;
