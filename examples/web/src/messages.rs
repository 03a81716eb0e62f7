use axum::http::HeaderMap;
use fief_axum::{LoginPageKind, RejectionKind, preferred_language};

/// A language of the pages that say what went wrong.
#[derive(Clone, Copy, PartialEq)]
pub enum Language {
    English,
    French,
}

impl Language {
    /// The one that a visitor prefers.
    pub fn of(headers: &HeaderMap) -> Self {
        match preferred_language(headers, &["en", "fr"]) {
            Some("fr") => Self::French,
            _ => Self::English,
        }
    }

    pub fn code(self) -> &'static str {
        self.pick("en", "fr")
    }

    pub fn pick(self, english: &'static str, french: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::French => french,
        }
    }
}

/// A label of a link, in English and in French.
pub struct Label(&'static str, &'static str);

impl Label {
    pub fn in_language(&self, language: Language) -> &'static str {
        language.pick(self.0, self.1)
    }
}

pub const BACK: Label = Label("Go back", "Revenir");
pub const CONTINUE: Label = Label("Continue", "Continuer");
pub const HOME: Label = Label("Back to the start", "Retour à l’accueil");
pub const LOG_IN: Label = Label("Log in and go back", "Se connecter et revenir");
pub const OTHER_USER: Label = Label("Log in as somebody else", "Changer de compte");

/// Why a request is rejected: a title and a sentence.
pub fn rejection(kind: &RejectionKind, language: Language) -> (&'static str, String) {
    let (title, text) = match kind {
        RejectionKind::MissingPermission { permissions, .. } => {
            let lack = language.pick("You lack the permission", "Il vous manque la permission");
            let names = permissions.join(language.pick(" or ", " ou "));
            return (
                language.pick("Not allowed", "Accès refusé"),
                format!("{lack} {names}."),
            );
        }
        RejectionKind::MissingScope { .. } | RejectionKind::Forbidden => (
            language.pick("Not allowed", "Accès refusé"),
            language.pick(
                "You may not open this page.",
                "Vous n’avez pas accès à cette page.",
            ),
        ),
        RejectionKind::CrossSite => (
            language.pick("Not allowed", "Accès refusé"),
            language.pick(
                "The request comes from another site.",
                "La requête vient d’un autre site.",
            ),
        ),
        RejectionKind::AcrTooLow { .. } | RejectionKind::AuthTooOld { .. } => (
            language.pick("Please log in again", "Reconnectez-vous"),
            language.pick(
                "This page requires a recent login.",
                "Cette page demande une connexion récente.",
            ),
        ),
        RejectionKind::Denied
        | RejectionKind::Expired
        | RejectionKind::Invalid
        | RejectionKind::MissingCredentials => (
            language.pick("Please log in again", "Reconnectez-vous"),
            language.pick("Your session has ended.", "Votre session est terminée."),
        ),
        RejectionKind::Unavailable => (
            language.pick("Back in a moment", "De retour dans un instant"),
            language.pick(
                "The login is unavailable at the moment.",
                "La connexion est indisponible pour le moment.",
            ),
        ),
        _ => (
            language.pick("That went wrong", "Une erreur est survenue"),
            language.pick("Please try again later.", "Réessayez plus tard."),
        ),
    };
    (title, text.to_owned())
}

pub fn not_found(language: Language) -> (&'static str, String) {
    let text = language.pick("There is no such page.", "Cette page n’existe pas.");
    (
        language.pick("Not found", "Page introuvable"),
        text.to_owned(),
    )
}

/// What happened at a login or a logout: a title and a sentence.
pub fn login(kind: LoginPageKind, language: Language) -> (&'static str, String) {
    let (title, text) = match kind {
        LoginPageKind::Denied | LoginPageKind::Rejected => (
            language.pick("Not logged in", "Non connecté"),
            language.pick("Access was denied.", "L’accès a été refusé."),
        ),
        LoginPageKind::Expired => (
            language.pick("Please log in again", "Reconnectez-vous"),
            language.pick("The login has expired.", "La connexion a expiré."),
        ),
        LoginPageKind::LogOut => (
            language.pick("Log out?", "Se déconnecter ?"),
            language.pick("Please confirm.", "Merci de confirmer."),
        ),
        LoginPageKind::LogoutIncomplete => (
            language.pick("Logged out here", "Déconnecté ici"),
            language.pick(
                "Continue to log out everywhere.",
                "Continuez pour vous déconnecter partout.",
            ),
        ),
        LoginPageKind::Looping => (
            language.pick("Login failed", "Échec de la connexion"),
            language.pick(
                "Too many logins. Please try again in a minute.",
                "Trop de connexions. Réessayez dans une minute.",
            ),
        ),
        LoginPageKind::Unavailable => (
            language.pick("Back in a moment", "De retour dans un instant"),
            language.pick(
                "The login is unavailable at the moment.",
                "La connexion est indisponible pour le moment.",
            ),
        ),
        _ => (
            language.pick("Login failed", "Échec de la connexion"),
            language.pick("Please try again later.", "Réessayez plus tard."),
        ),
    };
    (title, text.to_owned())
}
