//! Rules for new passwords.

use zxcvbn::{Score, zxcvbn};

use crate::http::Text;

/// Returns the reasons why a new password is rejected.
pub(crate) fn weaknesses(password: &str) -> Vec<Text> {
    let length = password.chars().count();
    let mut found = Vec::new();
    if length < 8 {
        found.push(TOO_SHORT);
    }
    if length > 128 {
        found.push(TOO_LONG);
    }
    if zxcvbn(password, &[]).score() < Score::Three {
        found.push(TOO_WEAK);
    }
    found
}

const TOO_SHORT: Text = Text::new(
    "Password must be at least 8 characters long.",
    "Choisissez un mot de passe d'au moins 8 caractères.",
);
const TOO_LONG: Text = Text::new(
    "Password must be at most 128 characters long.",
    "Choisissez un mot de passe de 128 caractères au plus.",
);
const TOO_WEAK: Text = Text::new(
    "Password is not strong enough.",
    "Ce mot de passe est trop facile à deviner.",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_weak_are_two_reasons() {
        assert_eq!(weaknesses("x").len(), 2);
        assert_eq!(weaknesses("aaaaaaaaaaaa").len(), 1);
        assert_eq!(weaknesses(&"herminetincture".repeat(9)).len(), 1);
        assert!(weaknesses("herminetincture").is_empty());
    }
}
