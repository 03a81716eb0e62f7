/// Algorithm that a minted token is signed with.
///
/// Fief signs with RS256 only. Use another one to test that a client rejects it; see
/// [`AccessTokenBuilder::algorithm`](crate::AccessTokenBuilder::algorithm).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 and the given secret.
    ///
    /// With a public key as the secret it is the attack on clients that let the token choose the
    /// algorithm.
    Hs256(Vec<u8>),
    /// No signature, which is an attack on the same clients.
    None,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[default]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
}

impl Algorithm {
    /// Returns the name, which is `alg` in the header.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Hs256(_) => "HS256",
            Self::None => "none",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }
}
