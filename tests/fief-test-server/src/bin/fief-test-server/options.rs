//! Options of the command line.

use std::{fs, net::IpAddr, path::PathBuf};

use fief_test_server::{FiefTestServer, FiefTestServerBuilder};
use lexopt::{
    Arg::{Long, Short, Value},
    Error, Parser, ValueExt as _,
};

use super::{
    seed::{Seed, SeedClient, SeedUser},
    token::TokenRequest,
};

/// What the program is to do.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Serve(Box<Options>),
    Token(TokenRequest),
}

/// Options of a server.
#[derive(Debug)]
pub(crate) struct Options {
    listen: IpAddr,
    port: u16,
    domain: Option<String>,
    /// Port of the control API. It is off without one.
    pub(crate) control: Option<u16>,
    seed_file: Option<PathBuf>,
    token_lifetime: Option<u64>,
    /// What the options add to the file, or to the defaults.
    pub(crate) seed: Seed,
}

impl Command {
    pub(crate) fn parse(mut parser: Parser) -> Result<Self, Error> {
        let mut options = Options::new();
        let mut default_client = SeedClient::new("castles", "castles-secret");
        let mut of_default_client = None;
        let mut is_first = true;
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(Self::Help),
                Value(name) if is_first && name == "token" => return parse_token(parser),
                Long("listen") => options.listen = parser.value()?.parse()?,
                Long("port") => options.port = parser.value()?.parse()?,
                Long("domain") => options.domain = Some(parser.value()?.string()?),
                Long("control") => options.control = Some(parser.value()?.parse()?),
                Long("seed") => options.seed_file = Some(parser.value()?.into()),
                Long("token-lifetime") => options.token_lifetime = Some(parser.value()?.parse()?),
                Long("tenant") => options.seed.tenants.push(parser.value()?.string()?),
                Long("user") => options.seed.users.push(parser.value()?.parse()?),
                Long("field") => {
                    let field = parser.value()?.string()?;
                    options.seed.set_field(&field)?;
                }
                Long("client") => options.seed.clients.push(parser.value()?.parse()?),
                Long("client-id") => {
                    default_client.id = parser.value()?.string()?;
                    of_default_client = Some("--client-id");
                }
                Long("client-secret") => {
                    default_client.secret = Some(parser.value()?.string()?);
                    of_default_client = Some("--client-secret");
                }
                Long("redirect-uri") => {
                    let client = options.seed.clients.last_mut();
                    let client = client.unwrap_or_else(|| {
                        of_default_client = Some("--redirect-uri");
                        &mut default_client
                    });
                    client.redirect_uris.push(parser.value()?.string()?);
                }
                other => return Err(other.unexpected()),
            }
            is_first = false;
        }
        let has_default_client = options.read_seed_file(default_client)?;
        if let Some(option) = of_default_client.filter(|_| !has_default_client) {
            let error =
                format!("{option} has no effect: the clients are those of --client and --seed");
            return Err(error.into());
        }
        Ok(Self::Serve(Box::new(options)))
    }
}

impl Options {
    fn new() -> Self {
        Self {
            listen: IpAddr::from([127, 0, 0, 1]),
            port: 8000,
            domain: None,
            control: None,
            seed_file: None,
            token_lifetime: None,
            seed: Seed::default(),
        }
    }

    pub(crate) fn builder(&self) -> FiefTestServerBuilder {
        let mut builder = FiefTestServer::builder()
            .listen(self.listen)
            .port(self.port);
        if let Some(domain) = &self.domain {
            builder = builder.domain(domain);
        }
        if !self.listen.is_loopback() {
            eprintln!(
                "fief-test-server: it listens on {}, and all its secrets are public",
                self.listen
            );
        }
        self.seed.build(builder)
    }

    /// Adds what the options say to what the file says, or to the defaults. Returns whether
    /// there is the default client.
    fn read_seed_file(&mut self, default_client: SeedClient) -> Result<bool, String> {
        let mut seed = match &self.seed_file {
            Some(path) => {
                let text = fs::read_to_string(path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                serde_json::from_str(&text)
                    .map_err(|error| format!("{}: {error}", path.display()))?
            }
            None => Seed::default(),
        };
        seed.extend(std::mem::take(&mut self.seed));
        let has_default_client = seed.clients.is_empty();
        if has_default_client {
            seed.clients = SeedClient::defaults(default_client);
        }
        if seed.users.is_empty() {
            seed.users = SeedUser::defaults();
        }
        if let Some(lifetime) = self.token_lifetime {
            for client in &mut seed.clients {
                client.token_lifetime = Some(lifetime);
            }
        }
        self.seed = seed;
        Ok(has_default_client)
    }
}

/// Parses the options of `token`.
fn parse_token(mut parser: Parser) -> Result<Command, Error> {
    let mut request = TokenRequest::default();
    let minted = &mut request.minted;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("control") => request.control = Some(parser.value()?.string()?),
            Long("user") => minted.user = Some(parser.value()?.string()?),
            Long("client") => minted.client_id = Some(parser.value()?.string()?),
            Long("permission") => {
                let permissions = minted.permissions.get_or_insert_default();
                permissions.push(parser.value()?.string()?);
            }
            Long("scope") => minted.scope = Some(parser.value()?.string()?),
            Long("acr") => minted.acr = Some(parser.value()?.string()?),
            Long("expires-in") => minted.expires_in = Some(parser.value()?.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Token(request))
}

pub(crate) const USAGE: &str = "\
Serves a Fief for local development, and prints its settings for a shell.

Usage: fief-test-server [OPTIONS]
       fief-test-server token [TOKEN OPTIONS]

Options:
  --port PORT             Port to listen on, or 0 for a free one [default: 8000]
  --listen ADDRESS        IP address to listen on [default: 127.0.0.1]
  --domain DOMAIN         Domain of the issuers [default: address and port]
  --control PORT          Port on 127.0.0.1 of the API that controls the server, or 0
                          [default: none]; see GET /openapi.json there
  --seed FILE             JSON file with tenants, fields, clients and users
  --tenant SLUG           Add a tenant
  --user EMAIL:PASSWORD[:PERMISSION,..]
                          Add a user, instead of the default ones
  --field EMAIL:SLUG=VALUE
                          Set a field of a user added before; VALUE is JSON or text
  --client ID[:SECRET][,public][,third-party][,encrypted][,tenant=SLUG]
                          Add a client, instead of the default ones
  --client-id ID          Id of the first default client [default: castles]
  --client-secret SECRET  Its secret [default: castles-secret]
  --redirect-uri URI      Redirect URI of the client before it, or of the first default
                          one; may be repeated [default: any]
  --token-lifetime SECONDS
                          Lifetime of access and ID tokens of all clients [default: 86400]
  -h, --help              Print help

Token options, of a token that a server with --control signs:
  --control URL           URL that it printed [default: $FIEF_CONTROL_URL]
  --user EMAIL            User [default: the first one]
  --client ID             Id of the client [default: the first one]
  --permission CODENAME   Permission instead of those of the user; may be repeated
  --scope SCOPE           Scopes, separated by spaces, instead of openid
  --acr LEVEL             ACR, 0 or 1 [default: 0]
  --expires-in SECONDS    Lifetime; a negative one has expired [default: 86400]
";

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests may")]

    use super::*;

    fn serve(arguments: &[&str]) -> Result<Options, Error> {
        let arguments = ["fief-test-server"].iter().chain(arguments);
        match Command::parse(Parser::from_iter(arguments))? {
            Command::Serve(options) => Ok(*options),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_are_read() {
        let options = serve(&["--port", "0", "--redirect-uri", "http://127.0.0.1:3000/cb"]);
        let options = options.unwrap();
        assert_eq!(options.port, 0);
        assert_eq!(options.seed.clients.len(), 3);
        assert_eq!(options.seed.clients[0].redirect_uris.len(), 1);
    }

    #[test]
    fn redirect_uris_belong_to_the_client_before_them() {
        let client = ["--client", "a:s,encrypted", "--redirect-uri", "http://a/"];
        let clients = serve(&client).unwrap().seed.clients;
        assert_eq!(
            (clients.len(), &*clients[0].id, clients[0].secret()),
            (1, "a", "s")
        );
        assert_eq!(clients[0].redirect_uris, ["http://a/"]);
    }

    #[test]
    fn users_have_permissions_with_colons() {
        let user = ["--user", "a@example.com:pw:castles:read,castles:create"];
        let users = serve(&user).unwrap().seed.users;
        assert_eq!(users[0].permissions, ["castles:read", "castles:create"]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        for arguments in [
            &["--port"][..],
            &["--port", "x"],
            &["--nope"],
            &["--user", "a@example.com"],
            &["--client", "a,other"],
            &["--field", "a@example.com:x=1"],
        ] {
            assert!(serve(arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn options_of_the_default_client_need_it() {
        for option in ["--client-id", "--client-secret", "--redirect-uri"] {
            assert!(serve(&[option, "http://a/"]).is_ok(), "{option}");
            let error = serve(&[option, "http://a/", "--client", "a"]).unwrap_err();
            assert!(error.to_string().contains("has no effect"), "{error}");
        }
    }
}
