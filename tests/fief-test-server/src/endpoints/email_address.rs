//! Validation of e-mail addresses.

use url::Host;

/// Validates an address that a JSON body contains, which may have spaces and a name around it.
pub(crate) fn parse_mailbox(text: &str) -> Result<String, String> {
    let text = text.trim();
    let bracketed = text.strip_suffix('>').and_then(|it| it.split_once('<'));
    match bracketed {
        Some((name, address)) if !name.contains(['<', '>', '@']) => parse_address(address.trim()),
        _ => parse_address(text),
    }
}

/// Validates an address. Returns it with its domain in lower case, or the reason why it is invalid.
///
/// The rules and reasons are those of the Python package `email-validator`, which Fief uses. Domains
/// are not looked up.
pub(crate) fn parse_address(text: &str) -> Result<String, String> {
    let Some((local, domain)) = text.split_once('@') else {
        return invalid("An email address must have an @-sign.");
    };
    check_local_part(local)?;
    let domain = domain.to_lowercase();
    check_characters(&domain)?;
    check_punctuation(&domain)?;
    check_length(&domain)?;
    check_name(&domain)?;
    let address = format!("{local}@{domain}");
    match excess(&address, 254) {
        Some(excess) => Err(format!("The email address is too long ({excess}).")),
        None => Ok(address),
    }
}

/// Checks what is before the @-sign.
fn check_local_part(local: &str) -> Result<(), String> {
    if local.starts_with('"') {
        return invalid("Quoting the part before the @-sign is not allowed here.");
    }
    if local.is_empty() {
        return invalid("There must be something before the @-sign.");
    }
    if let Some(excess) = excess(local, 64) {
        return Err(format!(
            "The email address is too long before the @-sign ({excess})."
        ));
    }
    let is_valid = |c: char| match c {
        '.' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c),
        c => !c.is_whitespace() && !c.is_control(),
    };
    if let Some(characters) = invalid_characters(local, is_valid) {
        return Err(format!(
            "The email address contains invalid characters before the @-sign: {characters}."
        ));
    }
    if local.starts_with('.') {
        return invalid("An email address cannot start with a period.");
    }
    if local.ends_with('.') {
        return invalid("An email address cannot have a period immediately before the @-sign.");
    }
    if local.contains("..") {
        return invalid("An email address cannot have two periods in a row.");
    }
    Ok(())
}

fn check_characters(domain: &str) -> Result<(), String> {
    if domain.is_empty() {
        return invalid("There must be something after the @-sign.");
    }
    if domain.starts_with('[') {
        return invalid("A bracketed IP address after the @-sign is not allowed here.");
    }
    let is_valid = |c: char| match c {
        '.' | '-' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        c => !c.is_whitespace() && !c.is_control(),
    };
    match invalid_characters(domain, is_valid) {
        Some(characters) => Err(format!(
            "The part after the @-sign contains invalid characters: {characters}."
        )),
        None => Ok(()),
    }
}

/// Checks the periods and hyphens of a domain.
fn check_punctuation(domain: &str) -> Result<(), String> {
    for (mark, name) in [('.', "period"), ('-', "hyphen")] {
        if domain.starts_with(mark) {
            return Err(format!(
                "An email address cannot have a {name} immediately after the @-sign."
            ));
        }
        if domain.ends_with(mark) {
            return Err(format!("An email address cannot end with a {name}."));
        }
    }
    if domain.contains("..") {
        return invalid("An email address cannot have two periods in a row.");
    }
    if domain.contains(".-") || domain.contains("-.") {
        return invalid("An email address cannot have a period and a hyphen next to each other.");
    }
    let is_reserved = |label: &str| label.get(2..4) == Some("--") && !label.starts_with("xn--");
    if domain.split('.').any(is_reserved) {
        return invalid(
            "An email address cannot have two letters followed by two dashes immediately after the \
             @-sign or after a period, except Punycode.",
        );
    }
    Ok(())
}

fn check_length(domain: &str) -> Result<(), String> {
    if let Some(excess) = excess(domain, 253) {
        return Err(format!(
            "The email address is too long after the @-sign ({excess})."
        ));
    }
    for label in domain.split('.') {
        if let Some(excess) = excess(label, 63) {
            return Err(format!(
                "After the @-sign, periods cannot be separated by so many characters ({excess})."
            ));
        }
    }
    Ok(())
}

/// Checks that a domain can be one of the internet.
fn check_name(domain: &str) -> Result<(), String> {
    let Some((_, top)) = domain.rsplit_once('.') else {
        return invalid("The part after the @-sign is not valid. It should have a period.");
    };
    if top.ends_with(|c: char| c.is_ascii_digit()) {
        return invalid(
            "The part after the @-sign is not valid. It is not within a valid top-level domain.",
        );
    }
    if RESERVED.contains(&top) {
        return invalid(
            "The part after the @-sign is a special-use or reserved name that cannot be used with \
             email.",
        );
    }
    match Host::parse(domain) {
        Ok(_) => Ok(()),
        Err(_) => invalid("The part after the @-sign is not valid IDNA."),
    }
}

fn invalid<T>(reason: &str) -> Result<T, String> {
    Err(reason.to_owned())
}

/// Returns by how much a text is too long.
fn excess(text: &str, most: usize) -> Option<String> {
    match text.chars().count().checked_sub(most)? {
        0 => None,
        1 => Some("1 character too many".to_owned()),
        excess => Some(format!("{excess} characters too many")),
    }
}

/// Returns the names of the characters that are not valid, each once and in order.
fn invalid_characters(text: &str, is_valid: impl Fn(char) -> bool) -> Option<String> {
    let mut found: Vec<char> = text.chars().filter(|c| !is_valid(*c)).collect();
    found.sort_unstable();
    found.dedup();
    let names: Vec<String> = found.into_iter().map(character_name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn character_name(c: char) -> String {
    match c {
        ' ' => "SPACE".to_owned(),
        '\'' | '\\' => format!("\"{c}\""),
        c if c.is_control() || c.is_whitespace() => format!("U+{:04X}", u32::from(c)),
        c => format!("'{c}'"),
    }
}

/// Top-level domains without e-mail.
const RESERVED: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];
