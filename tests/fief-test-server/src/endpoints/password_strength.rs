//! Rules for new passwords.

/// Returns the reasons why a new password is rejected, as Fief words them.
pub(crate) fn weaknesses(password: &str) -> Vec<&'static str> {
    let length = password.chars().count();
    let mut found = Vec::new();
    if length < 8 {
        found.push("Password must be at least 8 characters long.");
    }
    if length > 128 {
        found.push("Password must be at most 128 characters long.");
    }
    if !is_strong(password) {
        found.push("Password is not strong enough.");
    }
    found
}

/// Returns `true` if there are ten characters, six of them distinct. Fief uses zxcvbn instead.
fn is_strong(password: &str) -> bool {
    let mut characters: Vec<char> = password.chars().collect();
    let length = characters.len();
    characters.sort_unstable();
    characters.dedup();
    length >= 10 && characters.len() >= 6
}

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
