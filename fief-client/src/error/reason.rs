use std::{fmt, time::Duration};

/// Reason for which a token, a document or a webhook of Fief is rejected, with the name of the claim or member it is about.
///
/// It is the contents of [`FiefError::AccessTokenInvalid`](crate::FiefError::AccessTokenInvalid),
/// [`IdTokenInvalid`](crate::FiefError::IdTokenInvalid),
/// [`DiscoveryInvalid`](crate::FiefError::DiscoveryInvalid) and
/// [`WebhookInvalid`](crate::FiefError::WebhookInvalid), and says nothing of what was sent but the names.
/// [`reasons`](crate::reasons) has a row for each: what it means, and what to do.
///
/// ```
/// use fief_client::{FiefError, Reason};
///
/// fn is_for_another_client(error: &FiefError) -> bool {
///     matches!(error, FiefError::AccessTokenInvalid(Reason::WrongValue { name: "aud", .. }))
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It is bound to its sender by the claim `cnf`, of which no proof is checked
    /// ([RFC 7800, section 3](https://www.rfc-editor.org/rfc/rfc7800#section-3)).
    Bound,
    /// It is encrypted, but no [`encryption_key`](crate::FiefBuilder::encryption_key) is set.
    Encrypted,
    /// It has expired.
    #[non_exhaustive]
    Expired {
        /// How long ago, in whole seconds.
        ago: Duration,
    },
    /// A part of it cannot be parsed, or has a member twice.
    #[non_exhaustive]
    Malformed {
        /// The part: `structure`, `header`, `claims`, `signature` or `document`. Of a webhook `signature`, `timestamp`
        /// or `document`.
        name: &'static str,
    },
    /// A claim or member is missing.
    #[non_exhaustive]
    Missing {
        /// The claim or member.
        name: &'static str,
    },
    /// It is not encrypted, although an [`encryption_key`](crate::FiefBuilder::encryption_key) is set.
    NotEncrypted,
    /// A time is in the future by more than the leeway: the clocks of Fief and of this machine differ.
    #[non_exhaustive]
    NotYetValid {
        /// The claim: `auth_time`, `iat` or `nbf`. The header `timestamp` of a webhook.
        name: &'static str,
        /// How far the time is in the future, in whole seconds.
        by: Duration,
    },
    /// It has more bytes than are accepted.
    TooLong,
    /// The login is older than was requested, or the delivery of a webhook than five minutes.
    #[non_exhaustive]
    TooOld {
        /// The claim `auth_time`, or the header `timestamp`.
        name: &'static str,
        /// By how much it is older, in whole seconds.
        by: Duration,
    },
    /// It is not encrypted for this client's keys, or was changed.
    Undecryptable,
    /// A claim or member is present that must not be, such as the `nonce` of an ID token in an access token.
    #[non_exhaustive]
    Unexpected {
        /// The claim or member.
        name: &'static str,
    },
    /// Fief does not publish the key that it names.
    UnknownKey,
    /// It is signed or encrypted with another algorithm than Fief's.
    WrongAlgorithm,
    /// The signature is not that of Fief's key, or of a webhook's secret.
    WrongSignature,
    /// A claim or member is of a wrong JSON type, such as `null`.
    #[non_exhaustive]
    WrongType {
        /// The claim or member.
        name: &'static str,
    },
    /// A claim or member has another value than required.
    #[non_exhaustive]
    WrongValue {
        /// The claim or member.
        name: &'static str,
    },
}

impl Reason {
    /// Returns the value of the label `reason` of metrics, which is also in the logs: the name in `snake_case`.
    /// It never changes.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Bound => "bound",
            Self::Encrypted => "encrypted",
            Self::Expired { .. } => "expired",
            Self::Malformed { .. } => "malformed",
            Self::Missing { .. } => "missing",
            Self::NotEncrypted => "not_encrypted",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::TooLong => "too_long",
            Self::TooOld { .. } => "too_old",
            Self::Undecryptable => "undecryptable",
            Self::Unexpected { .. } => "unexpected",
            Self::UnknownKey => "unknown_key",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::WrongSignature => "wrong_signature",
            Self::WrongType { .. } => "wrong_type",
            Self::WrongValue { .. } => "wrong_value",
        }
    }

    /// Returns one of each, for tests of what has to know all of them. Each is followed by the next, so that a
    /// new one does not compile until it has its place.
    #[doc(hidden)]
    #[must_use]
    pub fn all() -> Vec<Self> {
        let next = |reason: &Self| match reason {
            Self::Bound => Some(Self::Encrypted),
            Self::Encrypted => Some(Self::Expired { ago: EXAMPLE }),
            Self::Expired { .. } => Some(Self::Malformed { name: "header" }),
            Self::Malformed { .. } => Some(Self::Missing { name: "sub" }),
            Self::Missing { .. } => Some(Self::NotEncrypted),
            Self::NotEncrypted => Some(Self::NotYetValid {
                name: "iat",
                by: EXAMPLE,
            }),
            Self::NotYetValid { .. } => Some(Self::TooLong),
            Self::TooLong => Some(Self::TooOld {
                name: "auth_time",
                by: EXAMPLE,
            }),
            Self::TooOld { .. } => Some(Self::Undecryptable),
            Self::Undecryptable => Some(Self::Unexpected { name: "nonce" }),
            Self::Unexpected { .. } => Some(Self::UnknownKey),
            Self::UnknownKey => Some(Self::WrongAlgorithm),
            Self::WrongAlgorithm => Some(Self::WrongSignature),
            Self::WrongSignature => Some(Self::WrongType { name: "exp" }),
            Self::WrongType { .. } => Some(Self::WrongValue { name: "aud" }),
            Self::WrongValue { .. } => None,
        };
        std::iter::successors(Some(Self::Bound), next).collect()
    }
}

impl fmt::Display for Reason {
    /// Writes a sentence about "it", for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bound => f.write_str("it is bound to its sender (cnf)"),
            Self::Encrypted => f.write_str("it is encrypted, but no encryption_key is set"),
            Self::Expired { ago } => write!(f, "its exp was {} s ago", ago.as_secs()),
            Self::Malformed { name } => write!(f, "its {name} cannot be parsed"),
            Self::Missing { name } => write!(f, "its {name} is missing"),
            Self::NotEncrypted => f.write_str("it is not encrypted"),
            Self::NotYetValid { name, by } => write!(
                f,
                "its {name} is {} s in the future: the clocks of Fief and of this machine differ",
                by.as_secs()
            ),
            Self::TooLong => f.write_str("it is too long"),
            Self::TooOld { name, by } => {
                write!(f, "its {name} is {} s older than accepted", by.as_secs())
            }
            Self::Undecryptable => f.write_str("it cannot be decrypted"),
            Self::Unexpected { name } => write!(f, "its {name} must not be present"),
            Self::UnknownKey => f.write_str("it is signed with an unknown key"),
            Self::WrongAlgorithm => f.write_str("its algorithm is not accepted"),
            Self::WrongSignature => f.write_str("its signature is wrong"),
            Self::WrongType { name } => write!(f, "its {name} is of a wrong type"),
            Self::WrongValue { name } => write!(f, "its {name} has a wrong value"),
        }
    }
}

/// The time of the examples in [`Reason::all`].
const EXAMPLE: Duration = Duration::from_secs(90);
