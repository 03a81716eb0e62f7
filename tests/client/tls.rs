use std::{error::Error, iter, sync::Arc};

use fief_client::{AuthorizationRequest, Fief, FiefBuilder, FiefError};
use fief_test_server::FiefTestServer;
use reqwest::Certificate;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use super::CALLBACK;

/// C03, D1: a certificate of an authority of one's own, behind a proxy that ends TLS.
#[tokio::test]
async fn an_authority_can_be_added() {
    let server = FiefTestServer::start().await;
    let url = proxy(&server, GOOD).await;
    let fief = trusting(&url).build().unwrap();
    let found = fief
        .auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap();
    assert!(found.as_str().starts_with(&format!("{url}/authorize?")));
}

/// DJ-1: each fails before anything was sent, and the chain of causes says why.
#[tokio::test]
async fn invalid_certificates_are_rejected() {
    let server = FiefTestServer::start().await;
    let stranger = Fief::builder(proxy(&server, GOOD).await, "CLIENT_ID");
    let other = trusting(&proxy(&server, OTHER).await);
    let expired = trusting(&proxy(&server, EXPIRED).await);
    for (settings, why) in [
        (stranger, "UnknownIssuer"),
        (other, "NotValidForName"),
        (expired, "Expired"),
    ] {
        let error = discover(&settings.build().unwrap()).await;
        assert!(error.is_connect(), "{error:?}");
        let first: &dyn Error = &error;
        let causes = iter::successors(Some(first), |error| (*error).source());
        let said: String = causes.map(|error| format!("{error:?}\n")).collect();
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(server.requests(fief_test_server::Endpoint::Discovery), 0);
}

/// DJ-3: a handshake without a response, tried twice, fails within the five seconds.
#[tokio::test]
async fn a_handshake_that_hangs_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let fief = Fief::builder(url, "CLIENT_ID").build().unwrap();
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let error = discover(&fief).await;
    assert!(error.is_timeout(), "{error:?}");
    assert!(began.elapsed().as_secs() <= 5);
}

async fn discover(fief: &Fief) -> FiefError {
    fief.auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap_err()
}

fn trusting(url: &str) -> FiefBuilder {
    let authority = Certificate::from_pem(include_bytes!("certificates/ca.pem")).unwrap();
    Fief::builder(url, "CLIENT_ID").http_client(|client| client.tls_certs_only([authority]))
}

async fn proxy(server: &FiefTestServer, certificate: &[u8]) -> String {
    proxy_to(server.url(), certificate).await
}

/// Ends TLS in front of a server of plain http.
pub(crate) async fn proxy_to(url: &str, certificate: &[u8]) -> String {
    let target = url.replace("http://", "");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let certificate = CertificateDer::from_pem_slice(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("certificates/key.pem")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let mut server = TcpStream::connect(&target).await.unwrap();
                tokio::spawn(async move {
                    tokio::io::copy_bidirectional(&mut stream, &mut server).await
                });
            }
        }
    });
    url
}

// Of an authority made for these tests. Except for the expired one they are valid until 2125.
const GOOD: &[u8] = include_bytes!("certificates/good.pem");
const OTHER: &[u8] = include_bytes!("certificates/other.pem");
pub(crate) const EXPIRED: &[u8] = include_bytes!("certificates/expired.pem");
