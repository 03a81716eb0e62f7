//! Serves a Fief for local development, with users and clients to develop with.
//!
//! ```sh
//! cargo run -p fief-test-server -- --port 8000
//! ```

mod control;
mod minted;
mod options;
mod seed;
mod settings;
mod token;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
};

use tokio::{net::TcpListener, runtime};

use self::options::{Command, Options, USAGE};

fn main() -> ExitCode {
    let command = match Command::parse(lexopt::Parser::from_env()) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("fief-test-server: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Help => {
            print(USAGE);
            Ok(())
        }
        Command::Serve(options) => serve(&options),
        Command::Token(request) => token::print_token(&request).map_err(io::Error::other),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fief-test-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until the process is killed.
fn serve(options: &Options) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let control = match options.control {
            Some(port) => Some(TcpListener::bind(("127.0.0.1", port)).await?),
            None => None,
        };
        let control_address = control.as_ref().map(TcpListener::local_addr).transpose()?;
        let builder = options.builder().on_notice(|notice| eprintln!("{notice}"));
        let server = Arc::new(builder.start().await?);
        print(&settings::lines(&server, options, control_address));
        match control {
            Some(listener) => control::serve(listener, server).await,
            // The server has its own thread.
            None => std::future::pending().await,
        }
    })
}

/// Prints to the standard output. Errors are ignored: the reader may have closed it.
fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}
