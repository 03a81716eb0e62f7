use std::{borrow::Cow, fmt, slice, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, SeqAccess, Unexpected, Visitor, value::SeqAccessDeserializer},
};
use uuid::{Uuid, fmt::Hyphenated};

use crate::Reason;

/// The `aud` claim: a string or several
/// ([RFC 7519, section 4.1.3](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3)).
pub(crate) enum Audience<'a> {
    Many(Vec<Cow<'a, str>>),
    One(Cow<'a, str>),
}

impl Audience<'_> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let all = match self {
            Self::Many(all) => all.as_slice(),
            Self::One(one) => slice::from_ref(one),
        };
        all.iter().map(AsRef::as_ref)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Audience<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor)
    }
}

struct AudienceVisitor;

impl<'de> Visitor<'de> for AudienceVisitor {
    type Value = Audience<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_borrowed_str<E>(self, audience: &'de str) -> Result<Audience<'de>, E> {
        Ok(Audience::One(Cow::Borrowed(audience)))
    }

    fn visit_str<E>(self, audience: &str) -> Result<Audience<'de>, E> {
        Ok(Audience::One(Cow::Owned(audience.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Audience<'de>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Audience::Many)
    }
}

/// Whole seconds of Unix time, up to the year 9999. A time before 1970 counts as 1970
/// ([RFC 7519, section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NumericDate(pub(crate) u64);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Any number. The hint matters if another crate turned on `serde_json/arbitrary_precision`.
        deserializer.deserialize_u64(NumericDateVisitor)
    }
}

struct NumericDateVisitor;

impl Visitor<'_> for NumericDateVisitor {
    type Value = NumericDate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds of Unix time")
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<NumericDate, E> {
        match seconds {
            0..=YEAR_9999 => Ok(NumericDate(seconds)),
            _ => Err(E::custom("too far in the future")),
        }
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<NumericDate, E> {
        self.visit_u64(u64::try_from(seconds).unwrap_or(0))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and NaN is not JSON"
    )]
    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<NumericDate, E> {
        self.visit_u64(seconds as u64)
    }
}

/// Period in which a token is valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity {
    pub(crate) exp: NumericDate,
    pub(crate) iat: NumericDate,
    pub(crate) nbf: Option<NumericDate>,
}

impl Validity {
    /// Checks the period; `now` and `leeway` are in seconds.
    pub(crate) fn check(&self, now: u64, leeway: u64) -> Result<(), Reason> {
        let Self { exp, iat, nbf } = self;
        if now >= exp.0.saturating_add(leeway) {
            return Err(Reason::Expired {
                ago: Duration::from_secs(now - exp.0),
            });
        }
        iat.check_past("iat", now, leeway)?;
        nbf.map_or(Ok(()), |nbf| nbf.check_past("nbf", now, leeway))
    }
}

impl NumericDate {
    /// Checks that a time is not in the future by more than the leeway.
    pub(crate) fn check_past(
        self,
        name: &'static str,
        now: u64,
        leeway: u64,
    ) -> Result<(), Reason> {
        if self.0 > now.saturating_add(leeway) {
            let by = Duration::from_secs(self.0 - now);
            return Err(Reason::NotYetValid { name, by });
        }
        Ok(())
    }
}

/// Age of a login that is required.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxAge {
    pub(crate) most: Duration,
    /// When the login must not be older, in seconds of Unix time.
    pub(crate) at: u64,
    /// Seconds of Unix time. A login after that has not happened yet.
    pub(crate) now: u64,
    /// Seconds.
    pub(crate) leeway: u64,
}

impl MaxAge {
    /// Checks the `auth_time` of a token. A login at an unknown time, or in the future, is not recent.
    pub(crate) fn check(self, auth_time: Option<NumericDate>) -> Result<(), Reason> {
        let name = "auth_time";
        let auth_time = auth_time.ok_or(Reason::Missing { name })?;
        auth_time.check_past(name, self.now, self.leeway)?;
        let age = self.at.saturating_sub(auth_time.0);
        let most = self.most.as_secs();
        if age > most.saturating_add(self.leeway) {
            let by = Duration::from_secs(age - most);
            return Err(Reason::TooOld { name, by });
        }
        Ok(())
    }
}

/// Deserializes a member that must be a number if present.
pub(crate) fn opt_number<'de, D: Deserializer<'de>>(d: D) -> Result<Option<NumericDate>, D::Error> {
    NumericDate::deserialize(d).map(Some)
}

/// Deserializes a member that must be a string if present. `null` is not a string.
pub(crate) fn opt_string<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// Deserializes any member to `true`. With a default, whether it is present.
pub(crate) fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Deserializes a UUID in hyphenated form only.
pub(crate) fn hyphenated_uuid<'de, D: Deserializer<'de>>(d: D) -> Result<Uuid, D::Error> {
    d.deserialize_str(HyphenatedVisitor)
}

struct HyphenatedVisitor;

impl Visitor<'_> for HyphenatedVisitor {
    type Value = Uuid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hyphenated UUID")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Uuid, E> {
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == Hyphenated::LENGTH => Ok(id),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

/// The last second of the year 9999.
const YEAR_9999: u64 = 253_402_300_799;
