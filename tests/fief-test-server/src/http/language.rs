use super::{Request, cookie::LOCALE_COOKIE};

/// Text for users, in the languages of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    english: &'static str,
    french: &'static str,
}

impl Text {
    pub(crate) const fn new(english: &'static str, french: &'static str) -> Self {
        Self { english, french }
    }
}

impl Request<'_> {
    /// Returns a text in the language of the request.
    ///
    /// As in Fief, it is that of the cookie that `lang` sets, or else the first one that the browser
    /// prefers. The parameter `lang` has an effect on later requests only.
    pub(crate) fn text(&self, text: Text) -> &'static str {
        let preferred = self.header("accept-language").unwrap_or_default();
        let first = preferred.split([',', ';']).next().unwrap_or_default();
        let language = self.cookie(LOCALE_COOKIE).unwrap_or(first).trim();
        if ["fr", "fr-FR"]
            .iter()
            .any(|it| language.eq_ignore_ascii_case(it))
        {
            text.french
        } else {
            text.english
        }
    }
}
