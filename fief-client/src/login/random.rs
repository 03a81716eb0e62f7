use aws_lc_rs::rand;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::FiefError;

/// Returns `N` random bytes of the system, base64url without padding.
pub(crate) fn random<const N: usize>() -> Result<String, FiefError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| {
        FiefError::Configuration("the operating system provides no random numbers".into())
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
