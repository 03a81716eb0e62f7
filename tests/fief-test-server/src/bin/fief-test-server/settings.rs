//! The settings that the program prints.

use std::net::SocketAddr;

use fief_test_server::FiefTestServer;

use super::options::Options;

/// Returns the settings of an application, as lines that a shell can source.
///
/// Without a public or third-party client, or a second user, their lines are missing.
pub(crate) fn lines(
    server: &FiefTestServer,
    options: &Options,
    control: Option<SocketAddr>,
) -> String {
    let seed = &options.seed;
    let mut settings = vec![
        ("FIEF_BASE_URL", server.url().to_owned()),
        ("FIEF_ISSUER", server.issuer().to_owned()),
        ("FIEF_CLIENT_ID", server.client_id().to_owned()),
        ("FIEF_CLIENT_SECRET", server.client_secret().to_owned()),
    ];
    if let Some(address) = control {
        settings.push(("FIEF_CONTROL_URL", format!("http://{address}")));
    }
    if let Some(client) = seed.clients.iter().find(|client| client.is_public()) {
        settings.push(("FIEF_PUBLIC_CLIENT_ID", client.id.clone()));
    }
    if let Some(client) = seed.clients.iter().find(|client| client.is_third_party()) {
        settings.push(("FIEF_THIRD_PARTY_CLIENT_ID", client.id.clone()));
        let secret = client.secret().to_owned();
        settings.push(("FIEF_THIRD_PARTY_CLIENT_SECRET", secret));
    }
    if seed.clients.iter().any(|client| client.encrypted) {
        settings.push(("FIEF_ENCRYPTION_KEY", server.encryption_key()));
    }
    let mut users = seed.users.iter();
    if let Some(user) = users.next() {
        settings.push(("FIEF_USER_EMAIL", user.email.clone()));
        settings.push(("FIEF_USER_PASSWORD", user.password.clone()));
        settings.push(("FIEF_USER_PERMISSIONS", user.permissions.join(" ")));
    }
    if let Some(user) = users.next() {
        settings.push(("FIEF_USER2_EMAIL", user.email.clone()));
        settings.push(("FIEF_USER2_PASSWORD", user.password.clone()));
    }
    let lines = settings
        .iter()
        .map(|(name, value)| format!("{name}={}\n", shell_quote(value)));
    lines.collect()
}

/// Quotes a value for a shell, if necessary.
fn shell_quote(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/@".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_shell() {
        assert_eq!(
            shell_quote("http://127.0.0.1:8000"),
            "http://127.0.0.1:8000"
        );
        assert_eq!(shell_quote("it's $HOME"), r"'it'\''s $HOME'");
    }
}
