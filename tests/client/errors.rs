use std::error::Error;

use fief_client::{AuthorizationRequest, Fief, FiefError};
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{CALLBACK, fief};

/// Section 0: waiters share one failure.
#[test]
fn errors_are_cloned_sent_and_shared() {
    fn is<T: Clone + Error + Send + Sync + 'static>() {}
    is::<FiefError>();
}

/// LG-2: a URL can carry secrets.
#[tokio::test]
async fn errors_do_not_show_urls() {
    let fief = Fief::builder("http://localhost:1/SECRETPATH", "CLIENT_ID")
        .build()
        .unwrap();
    let error = fief
        .auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap_err();
    let causes = std::iter::successors(Some(&error as &dyn Error), |error| (*error).source());
    for cause in causes {
        assert!(
            !format!("{cause} {cause:?}").contains("SECRETPATH"),
            "{cause:?}"
        );
    }
}

/// LG-2, DJ-4: Fief repeats what was sent, so an error shows its code only.
#[tokio::test]
async fn errors_show_only_the_code_of_a_response() {
    let server = FiefTestServer::start().await;
    let body = r#"{"detail":"ACR_TOO_LOW","input":"PASSWORD","reason":["PASSWORD"]}"#;
    server.fault(Endpoint::Userinfo, Fault::status(403).body(body));
    let error = fief(&server).userinfo("TOKEN").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Fief responded with 403 Forbidden: ACR_TOO_LOW"
    );
    assert!(!format!("{error:?}").contains("PASSWORD"), "{error:?}");
}

/// LG-3: codes that could break a line are not shown.
#[tokio::test]
async fn errors_show_no_control_characters_of_a_response() {
    let server = FiefTestServer::start().await;
    let body = "{\"error\":\"a\\r\\n\\u001b[31mb\"}";
    server.fault(Endpoint::Userinfo, Fault::status(400).body(body));
    let error = fief(&server).userinfo("TOKEN").await.unwrap_err();
    assert_eq!(error.to_string(), "Fief responded with 400 Bad Request");
}
