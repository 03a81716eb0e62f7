/// Level of authentication (ACR, authentication context class reference): how a user authenticated.
///
/// Fief has these two levels. `LevelOne` alone does not prove a recent login: combine it with
/// [`Requirements::max_age`](crate::Requirements::max_age) to protect what is dangerous.
///
/// ```
/// use fief_client::FiefAcr;
///
/// assert!(FiefAcr::LevelZero < FiefAcr::LevelOne);
/// assert_eq!(FiefAcr::LevelOne.as_str(), "1");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum FiefAcr {
    /// `"0"`: the token was issued for an existing session, by a refresh or by the admin API.
    LevelZero,
    /// `"1"`: the user went through the login page.
    LevelOne,
}
