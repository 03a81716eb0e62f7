use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What a login sets of its session in addition to tokens and times, and what a
/// refresh keeps.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(crate) struct Extra {
    /// Whether it lasts as long as `remember_me` says.
    pub(crate) is_remembered: bool,
    /// The application's value, as JSON.
    pub(crate) data: Option<String>,
}

impl Extra {
    /// Deserializes the application's value, if there is one.
    pub(crate) fn data<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        let data = self.data.as_deref();
        data.map(serde_json::from_str).transpose()
    }

    /// Returns how long the application's value is as JSON.
    pub(super) fn len(&self) -> usize {
        self.data.as_ref().map_or(0, String::len)
    }

    /// Returns whether nothing is set.
    pub(super) fn is_empty(&self) -> bool {
        let Self {
            is_remembered,
            data,
        } = self;
        !is_remembered && data.is_none()
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            is_remembered,
            data,
        } = self;
        f.debug_struct("Extra")
            .field("is_remembered", is_remembered)
            .field("data_len", &data.as_ref().map(String::len))
            .finish()
    }
}
