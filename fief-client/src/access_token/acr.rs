/// Authentication context class reference: how sure Fief is of the user.
///
/// Fief knows these two levels and is frozen, so a third one never comes. `LevelOne` alone does not
/// prove a fresh login; add [`Requirements::max_age`](crate::Requirements::max_age) for that.
///
/// ```
/// use fief_client::FiefAcr;
///
/// assert!(FiefAcr::LevelZero < FiefAcr::LevelOne);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum FiefAcr {
    /// `"0"`: the token came from an existing session, a refresh or the admin API.
    LevelZero,
    /// `"1"`: the user went through the login page.
    LevelOne,
}
