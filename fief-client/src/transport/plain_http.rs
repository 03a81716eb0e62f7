use reqwest::ClientBuilder;

/// Returns the builder of the HTTP client that requests the Fief at this URL.
///
/// By plain http no certificates are needed, and a proxy of the environment would receive the client's secret in
/// clear, so neither is used. The caller may add a proxy.
pub(crate) fn http_builder(base_url: &str) -> ClientBuilder {
    let http = reqwest::Client::builder();
    let scheme = base_url.split(':').next().unwrap_or_default();
    if scheme.trim().eq_ignore_ascii_case("http") {
        without_certificates(http.no_proxy())
    } else {
        http
    }
}

#[cfg(any(feature = "native-tls", feature = "rustls"))]
fn without_certificates(http: ClientBuilder) -> ClientBuilder {
    http.tls_certs_only([])
}

#[cfg(not(any(feature = "native-tls", feature = "rustls")))]
fn without_certificates(http: ClientBuilder) -> ClientBuilder {
    http
}
