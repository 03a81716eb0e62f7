use std::{env, io, thread, time::Duration};

use tokio::{sync::oneshot, time::timeout};
use url::Url;

/// How the browser is opened.
pub(super) enum Browser {
    Custom(Open),
    Default,
    None,
}

pub(super) type Open = Box<dyn FnOnce(&Url) -> io::Result<()> + Send>;

impl Browser {
    /// Opens the browser, on a thread of its own.
    pub(super) async fn open(self, url: Url) -> io::Result<()> {
        let (sender, result) = oneshot::channel();
        let open = move || {
            let result = match self {
                Self::Custom(open) => open(&url),
                Self::Default => open_default(&url),
                Self::None => Err(io::ErrorKind::Unsupported.into()),
            };
            // Fails if the login has ended, or has waited for too long.
            let _ = sender.send(result);
        };
        thread::Builder::new().spawn(open)?;
        match timeout(TIMEOUT, result).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(io::Error::other("opening the browser panicked")),
            // A browser that runs in the foreground.
            Err(_) => Ok(()),
        }
    }
}

fn open_default(url: &Url) -> io::Result<()> {
    if !has_display() {
        // What would open is a browser in this terminal, or one on a screen that the user does not see.
        return Err(io::ErrorKind::Unsupported.into());
    }
    webbrowser::open(url.as_str())
}

/// Returns `true` if a window that is opened here is seen by the user.
fn has_display() -> bool {
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_any_set = |names: &[&str]| names.iter().any(&is_set);
    if is_any_set(&["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"]) {
        return true;
    }
    let is_remote = is_any_set(&["SSH_CONNECTION", "SSH_TTY"]);
    let has_windows = cfg!(any(windows, target_os = "macos")) || is_any_set(&["WSL_INTEROP"]);
    has_windows && !is_remote
}

const TIMEOUT: Duration = Duration::from_secs(5);
