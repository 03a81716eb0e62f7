use std::{error::Error, fmt};

/// Displays an error and its sources, separated by `": "`, for logs.
///
/// The message of a [`FiefError`](crate::FiefError) does not contain its source's. Only together do
/// they say why there was no response: DNS, TCP or TLS.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
