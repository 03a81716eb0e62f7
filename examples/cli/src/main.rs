//! A command-line tool whose users log in with Fief in their browser.
//!
//! ```sh
//! cargo run -p example-cli
//! ```
//!
//! Without `FIEF_BASE_URL` it brings a Fief of its own, and runs all of its commands in turn: `login`, `whoami`, `token` and
//! `logout`. With `FIEF_BASE_URL` and `FIEF_CLIENT_ID` it uses that one, where a public client has to be registered with the
//! redirect URI `http://127.0.0.1:51562/callback`, and runs the command that it is given:
//!
//! ```sh
//! cargo run -p example-cli -- login
//! ```
//!
//! `REDIRECT_URI` sets another redirect URI, `TIME_LIMIT` (600) for how many seconds a login waits, `CREDENTIALS` the file with
//! the credentials, `FIEF_PORT` (8000) the port of its own Fief, 0 any free one.

mod settings;

use std::{env, process::ExitCode, time::Duration};

use anyhow::bail;
use fief_client::cli::{FiefAuth, FiefAuthError, LoginEvent};
use indicatif::ProgressBar;

use crate::settings::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    let result = tokio::select! {
        result = run() => result,
        // The login is dropped, and with it its listener.
        Ok(()) = tokio::signal::ctrl_c() => {
            eprintln!("\nCancelled");
            return ExitCode::from(130);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if needs_login(&error) {
                eprintln!("Log in with: example-cli login");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let settings = Settings::from_env().await?;
    settings.print();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let commands: Vec<&str> = match &arguments[..] {
        [] if settings.is_embedded() => vec!["login", "whoami", "token", "logout"],
        [command] => vec![command],
        _ => bail!("{USAGE}"),
    };
    let auth = settings.auth()?;
    for command in commands {
        match command {
            "login" => login(&auth, &settings).await?,
            "whoami" => whoami(&auth).await?,
            "token" => println!("{}", auth.access_token().await?.access_token()),
            "logout" => auth.logout().await?,
            _ => bail!("{USAGE}"),
        }
    }
    Ok(())
}

async fn login(auth: &FiefAuth, settings: &Settings) -> Result<(), FiefAuthError> {
    let spinner = ProgressBar::new_spinner();
    let shown = spinner.clone();
    let user = auth
        .login()
        .redirect_uri(&settings.redirect_uri)
        .time_limit(settings.time_limit)
        .on_event(move |event| show(&shown, event))
        .await;
    spinner.finish_and_clear();
    println!("Logged in as {}", user?.email.unwrap_or_default());
    Ok(())
}

/// Shows texts above a spinner, which appears only while nothing has to be typed.
fn show(spinner: &ProgressBar, event: &LoginEvent<'_>) {
    match event {
        LoginEvent::BrowserOpened { .. } => {
            spinner.suspend(|| eprintln!("{event}"));
            spinner.set_message("Waiting for the browser");
            spinner.enable_steady_tick(TICK);
        }
        LoginEvent::Exchanging => {
            spinner.set_message("Logging in");
            spinner.enable_steady_tick(TICK);
        }
        _ => spinner.suspend(|| eprintln!("{event}")),
    }
}

async fn whoami(auth: &FiefAuth) -> Result<(), FiefAuthError> {
    let user = auth.current_user().await?;
    println!("{} {}", user.email.unwrap_or_default(), user.sub);
    Ok(())
}

fn needs_login(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<FiefAuthError>()
        .is_some_and(FiefAuthError::needs_login)
}

const USAGE: &str = "usage: example-cli login | whoami | token | logout
Set FIEF_BASE_URL and FIEF_CLIENT_ID, or leave out both and the command to try it with a Fief of its own";
const TICK: Duration = Duration::from_millis(100);
