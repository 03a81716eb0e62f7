use url::Url;

/// The API as an OAuth resource ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) route: String,
    pub(crate) metadata_url: String,
}

impl Resource {
    pub(crate) fn new(id: &str, url: &Url) -> Self {
        let origin = url.origin().ascii_serialization();
        let route = format!("{WELL_KNOWN}{}", url.path().trim_end_matches('/'));
        Self {
            id: id.to_owned(),
            metadata_url: format!("{origin}{route}"),
            route,
        }
    }
}

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
