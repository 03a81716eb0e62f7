//! Webhooks: Fief says when users, roles and permissions change.
//!
//! [`WebhookVerifier`] checks that a delivery is Fief's and returns its [`WebhookEvent`]. With axum, use the
//! extractor and the route of [fief-axum](https://docs.rs/fief-axum).
//!
//! ```
//! use fief_client::{FiefError, http::HeaderMap, webhook::{EventData, WebhookVerifier}};
//!
//! fn receive(
//!     verifier: &WebhookVerifier,
//!     headers: &HeaderMap,
//!     body: &[u8],
//! ) -> Result<(), FiefError> {
//!     let event = verifier.verify(headers, body)?;
//!     match event.data() {
//!         EventData::User(user) if user.is_active == Some(false) => {
//!             println!("{} is blocked", user.id);
//!         }
//!         _ => println!("{}", event.kind()),
//!     }
//!     Ok(())
//! }
//!
//! let verifier = WebhookVerifier::new("THE-SECRET-THAT-FIEF-SHOWED")?;
//! # let _ = receive;
//! # Ok::<(), FiefError>(())
//! ```
//!
//! # What to rely on
//!
//! Fief tries a delivery up to five times, signs each attempt again, and gives it no id. So deliveries repeat and
//! arrive out of order: handle them so that a second one changes nothing, and compare `updated_at` before a state is
//! replaced. There are no events of logins and tokens.

pub(crate) mod effect;
mod event;
mod kind;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};

pub use self::{
    event::{
        EventData, WebhookEvent, WebhookPermission, WebhookRole, WebhookUser,
        WebhookUserPermission, WebhookUserRole,
    },
    kind::EventKind,
};
use crate::{FiefError, Reason, clock::Clock};

/// Verifier of the webhooks that Fief sends, by the secret of the webhook.
///
/// Cloning is cheap. The [module](self) has an example.
#[derive(Clone)]
pub struct WebhookVerifier {
    secrets: Arc<[hmac::Key]>,
    clock: Arc<Clock>,
}

impl WebhookVerifier {
    /// Creates a verifier with the secret that Fief showed when the webhook was created.
    ///
    /// # Errors
    /// [`FiefError::Configuration`]: the secret is empty, or begins or ends with white space, as one that was read from
    /// a file with its line break.
    pub fn new(secret: impl Into<SecretString>) -> Result<Self, FiefError> {
        Ok(Self {
            secrets: Arc::new([key(&secret.into())?]),
            clock: Arc::new(Clock::new(Box::new(SystemTime::now), Duration::ZERO)),
        })
    }

    /// Also accepts deliveries that are signed with another secret. Use it while the secret is being replaced.
    ///
    /// # Errors
    /// As those of [`new`](Self::new).
    pub fn secret(mut self, secret: impl Into<SecretString>) -> Result<Self, FiefError> {
        let key = key(&secret.into())?;
        self.secrets = self.secrets.iter().cloned().chain([key]).collect();
        Ok(self)
    }

    /// Sets the clock. Default: [`SystemTime::now`].
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(Clock::new(Box::new(clock), Duration::ZERO));
        self
    }

    /// Verifies a delivery by its headers and its body, byte for byte as it was received, and returns the event.
    ///
    /// The signature is checked first, then the time: a delivery is accepted for five minutes after it was signed, and
    /// before then by as much, since clocks differ. An event of a kind that is not known is no error.
    ///
    /// # Errors
    /// [`FiefError::WebhookInvalid`]: the delivery is not Fief's, too old, or no event. [`reasons`](crate::reasons) says
    /// what each [`Reason`] means.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<WebhookEvent, FiefError> {
        let verified = self
            .check(headers, body)
            .and_then(|()| WebhookEvent::parse(body));
        verified.map_err(|reason| {
            let error = FiefError::WebhookInvalid(reason);
            crate::metrics::rejection("webhook", reason.label());
            tracing::debug!(%error, reason = reason.label(), "a webhook is rejected");
            error
        })
    }

    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Reason> {
        let timestamp = header(headers, &TIMESTAMP)?;
        let signature = header(headers, &SIGNATURE)?;
        let signature = decode_hex(signature).ok_or(Reason::Malformed {
            name: SIGNATURE_NAME,
        })?;
        let is_signed =
            |key| verify_slices_are_equal(sign(key, timestamp, body).as_ref(), &signature);
        if !self.secrets.iter().any(|key| is_signed(key).is_ok()) {
            return Err(Reason::WrongSignature);
        }
        let signed_at: u64 = timestamp.parse().map_err(|_| Reason::Malformed {
            name: TIMESTAMP_NAME,
        })?;
        let now = self.clock.now();
        let (age, ahead) = (now.saturating_sub(signed_at), signed_at.saturating_sub(now));
        if age > MAX_AGE {
            return Err(Reason::TooOld {
                name: TIMESTAMP_NAME,
                by: Duration::from_secs(age - MAX_AGE),
            });
        }
        if ahead > MAX_AGE {
            return Err(Reason::NotYetValid {
                name: TIMESTAMP_NAME,
                by: Duration::from_secs(ahead),
            });
        }
        Ok(())
    }
}

impl fmt::Debug for WebhookVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookVerifier").finish_non_exhaustive()
    }
}

fn key(secret: &SecretString) -> Result<hmac::Key, FiefError> {
    let secret = secret.expose_secret();
    if secret.is_empty() || secret.trim() != secret {
        return Err(FiefError::Configuration(
            "a webhook's secret must not be empty, nor begin or end with white space: set the one \
             that Fief showed"
                .into(),
        ));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
}

/// Returns the only value of a header.
fn header<'a>(headers: &'a HeaderMap, header: &HeaderName) -> Result<&'a str, Reason> {
    let name = if *header == TIMESTAMP {
        TIMESTAMP_NAME
    } else {
        SIGNATURE_NAME
    };
    let mut values = headers.get_all(header).iter();
    let value = values.next().ok_or(Reason::Missing { name })?;
    let value = value.to_str().ok().filter(|_| values.next().is_none());
    value.ok_or(Reason::Malformed { name })
}

fn sign(key: &hmac::Key, timestamp: &str, body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    context.sign()
}

/// Decodes the 64 digits of a signature.
fn decode_hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<_> = digits
        .chars()
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    let is_whole = digits.len() == 2 * hmac::HMAC_SHA256.digest_algorithm().output_len();
    let bytes = pairs.map(|pair| match *pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    });
    is_whole.then(|| bytes.collect()).flatten()
}

static TIMESTAMP: HeaderName = HeaderName::from_static("x-fief-webhook-timestamp");
static SIGNATURE: HeaderName = HeaderName::from_static("x-fief-webhook-signature");
/// Seconds.
const MAX_AGE: u64 = 5 * 60;
/// The names of the headers in a [`Reason`].
const TIMESTAMP_NAME: &str = "timestamp";
const SIGNATURE_NAME: &str = "signature";
