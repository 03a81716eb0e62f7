//! Serves a Fief for local development, with users and clients to develop with.
//!
//! ```sh
//! cargo run -p fief-test-server -- --port 8000
//! ```

use std::{env, io, io::Write as _, process::ExitCode, thread};

use fief_test_server::{Client, FiefTestServer, FiefTestServerBuilder, User};
use uuid::Uuid;

fn main() -> ExitCode {
    let options = match Options::parse(env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print(USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("fief-test-server: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let server = match start(options.builder()) {
        Ok(server) => server,
        Err(error) => {
            eprintln!("fief-test-server: {error}");
            return ExitCode::FAILURE;
        }
    };
    print(&settings(&server));
    // The server has its own thread. This one waits until the process is killed.
    loop {
        thread::park();
    }
}

/// Options of the command line.
#[derive(Debug)]
struct Options {
    port: u16,
    client_id: String,
    client_secret: String,
    redirect_uris: Vec<String>,
}

impl Options {
    /// Parses the arguments. Returns `None` if help is requested.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            port: 8000,
            client_id: "castles".to_owned(),
            client_secret: "castles-secret".to_owned(),
            redirect_uris: Vec::new(),
        };
        while let Some(name) = arguments.next() {
            if matches!(name.as_str(), "-h" | "--help") {
                return Ok(None);
            }
            let mut value = || arguments.next().ok_or(format!("{name} requires a value"));
            match name.as_str() {
                "--port" => {
                    let text = value()?;
                    let port = text.parse();
                    options.port = port.map_err(|_| format!("{text:?} is not a port number"))?;
                }
                "--client-id" => options.client_id = value()?,
                "--client-secret" => options.client_secret = value()?,
                "--redirect-uri" => options.redirect_uris.push(value()?),
                _ => return Err(format!("unknown option {name}")),
            }
        }
        Ok(Some(options))
    }

    fn builder(self) -> FiefTestServerBuilder {
        let mut client = Client::new(self.client_id)
            .name("Castles")
            .secret(self.client_secret);
        for uri in self.redirect_uris {
            client = client.redirect_uri(uri);
        }
        // Fixed ids, so that what an application has stored about users stays valid.
        let anne = User::new("anne@example.com", "herminetincture")
            .id(Uuid::from_u128(0x4f9a_7d5e_1c3b_4c1e_9a64_2f0b_7a6d_1e01))
            .permission("castles:read")
            .permission("castles:create")
            .field("first_name", "Anne");
        let louis = User::new("louis@example.com", "porcupine-and-crown")
            .id(Uuid::from_u128(0x4f9a_7d5e_1c3b_4c1e_9a64_2f0b_7a6d_1e02))
            .field("first_name", "Louis");
        FiefTestServer::builder()
            .port(self.port)
            .client(client)
            .client(Client::public("castles-cli").name("Castles on the command line"))
            .client(
                Client::new("visitors")
                    .name("Visitors")
                    .secret("visitors-secret")
                    .third_party(),
            )
            .user(anne)
            .user(louis)
    }
}

fn start(builder: FiefTestServerBuilder) -> io::Result<FiefTestServer> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(builder.start())
}

/// Returns the settings of an application, as lines that a shell can source.
fn settings(server: &FiefTestServer) -> String {
    let settings = [
        ("FIEF_BASE_URL", server.url()),
        ("FIEF_ISSUER", server.issuer()),
        ("FIEF_CLIENT_ID", server.client_id()),
        ("FIEF_CLIENT_SECRET", server.client_secret()),
        ("FIEF_PUBLIC_CLIENT_ID", "castles-cli"),
        ("FIEF_THIRD_PARTY_CLIENT_ID", "visitors"),
        ("FIEF_THIRD_PARTY_CLIENT_SECRET", "visitors-secret"),
        ("FIEF_USER_EMAIL", "anne@example.com"),
        ("FIEF_USER_PASSWORD", "herminetincture"),
        ("FIEF_USER_PERMISSIONS", "castles:read castles:create"),
        ("FIEF_USER2_EMAIL", "louis@example.com"),
        ("FIEF_USER2_PASSWORD", "porcupine-and-crown"),
    ];
    let lines = settings.map(|(name, value)| format!("{name}={}\n", shell_quote(value)));
    lines.concat()
}

/// Quotes a value for a shell, if necessary.
fn shell_quote(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/@".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// Prints to the standard output. Errors are ignored: the reader may have closed it.
fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

const USAGE: &str = "\
Serves a Fief on 127.0.0.1 for local development, and prints its settings for a shell.

Usage: fief-test-server [OPTIONS]

Options:
  --port PORT             Port to listen on, or 0 for a free one [default: 8000]
  --client-id ID          Id of the client [default: castles]
  --client-secret SECRET  Secret of the client [default: castles-secret]
  --redirect-uri URI      Redirect URI of the client, may be repeated [default: any]
  -h, --help              Print help
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let arguments = ["--port", "0", "--redirect-uri", "http://127.0.0.1:3000/cb"];
        let options = Options::parse(arguments.into_iter().map(str::to_owned));
        let options = options
            .ok()
            .flatten()
            .map(|it| (it.port, it.redirect_uris.len()));
        assert_eq!(options, Some((0, 1)));
    }

    #[test]
    fn unknown_options_are_rejected() {
        for arguments in [["--port", "x"], ["--nope", ""], ["--client-id", "a"]] {
            let arguments = arguments.into_iter().chain(["--port"]).map(str::to_owned);
            assert!(Options::parse(arguments).is_err());
        }
    }

    #[test]
    fn values_survive_the_shell() {
        assert_eq!(
            shell_quote("http://127.0.0.1:8000"),
            "http://127.0.0.1:8000"
        );
        assert_eq!(shell_quote("it's $HOME"), r"'it'\''s $HOME'");
    }
}
