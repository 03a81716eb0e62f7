use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRef, FromRequest, Request},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use fief_client::{
    FiefError,
    internal::is_unsigned_webhook,
    webhook::{WebhookEvent, WebhookVerifier},
};
use tokio::{runtime::Handle, time::timeout};

/// Extractor that verifies a delivery of a Fief webhook and returns its event.
///
/// The state must contain the [`WebhookVerifier`]. For what fief-axum itself does with events, use
/// [`FiefAuthBuilder::webhooks`](crate::FiefAuthBuilder::webhooks) instead.
///
/// The body must have at most 256 KiB and arrive within 10 seconds. Deliveries repeat and arrive out of order:
/// [`fief_client::webhook`] says what to rely on.
///
/// ```
/// use axum::{Router, http::StatusCode, routing::post};
/// use fief_axum::{Webhook, fief_client::webhook::{EventKind, WebhookVerifier}};
///
/// async fn receive(Webhook(event): Webhook) -> StatusCode {
///     if *event.kind() == EventKind::UserCreated {
///         println!("welcome, {:?}", event.user_id());
///     }
///     StatusCode::NO_CONTENT
/// }
///
/// let verifier = WebhookVerifier::new("the secret that Fief showed")?;
/// let app: Router = Router::new().route("/fief", post(receive)).with_state(verifier);
/// # Ok::<(), fief_axum::fief_client::FiefError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Webhook(pub WebhookEvent);

/// Rejection of a delivery. Fief keeps the text of the response in its log of webhooks, and delivers again.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookRejection {
    /// 413: the body has more than 256 KiB, or the connection was lost.
    #[error("the body is too large")]
    BodyTooLarge,
    /// 408: the body did not arrive within 10 seconds.
    #[error("the body did not arrive in time")]
    BodyTooSlow,
    /// 401: Fief has not signed the delivery, or with another secret. 400: it was signed more than five minutes ago, or is
    /// no event. [`fief_client::reasons`] says what each reason means.
    #[error("the delivery is not valid")]
    Invalid(#[source] FiefError),
}

impl<S> FromRequest<S> for Webhook
where
    WebhookVerifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = WebhookRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        Self::verify(&WebhookVerifier::from_ref(state), request).await
    }
}

impl Webhook {
    /// Reads and verifies a delivery.
    pub(super) async fn verify(
        verifier: &WebhookVerifier,
        request: Request,
    ) -> Result<Self, WebhookRejection> {
        let (parts, body) = request.into_parts();
        let body = match Handle::try_current() {
            Ok(_) => match timeout(BODY_TIMEOUT, read(body)).await {
                Ok(body) => body?,
                Err(_) => return Err(WebhookRejection::BodyTooSlow),
            },
            // Without a runtime no time passes.
            Err(_) => read(body).await?,
        };
        let event = verifier.verify(&parts.headers, &body);
        event.map(Self).map_err(WebhookRejection::Invalid)
    }
}

async fn read(body: Body) -> Result<Bytes, WebhookRejection> {
    let read = to_bytes(body, MAX_BODY).await;
    read.map_err(|_| WebhookRejection::BodyTooLarge)
}

impl WebhookRejection {
    /// Returns the status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Invalid(error) if is_unsigned_webhook(error) => StatusCode::UNAUTHORIZED,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// Returns what the log of Fief is to say.
    fn text(&self) -> &'static str {
        match self {
            Self::BodyTooLarge => "The body is too large.",
            Self::BodyTooSlow => "The body did not arrive in time.",
            Self::Invalid(error) if is_unsigned_webhook(error) => {
                "The signature is not valid: the application has another secret."
            }
            Self::Invalid(_) => "The delivery is too old, or no event: compare the clocks.",
        }
    }
}

impl IntoResponse for WebhookRejection {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.text()).into_response();
        if response.status() == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("X-Fief-Webhook-Signature");
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// Bytes. Those of Fief are smaller than a user's fields.
const MAX_BODY: usize = 256 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
