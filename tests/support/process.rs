use std::{
    collections::HashSet,
    env,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(60);

/// What the examples read from the environment.
pub(crate) const SETTINGS: [&str; 22] = [
    "APP_URL",
    "BROWSER",
    "CREDENTIALS",
    "DISPLAY",
    "FIEF_BASE_URL",
    "FIEF_CLIENT_ID",
    "FIEF_CLIENT_SECRET",
    "FIEF_DOCS_CLIENT_ID",
    "FIEF_INSECURE_HTTP",
    "FIEF_MCP_CLIENT_ID",
    "FIEF_PUBLIC_URL",
    "FIEF_SPA_CLIENT_ID",
    "LISTEN",
    "MEMBERS_DOMAIN",
    "MEMBERS_FILE",
    "REDIRECT_URI",
    "REDIS_URL",
    "SESSION_KEY",
    "SSH_CONNECTION",
    "SSH_TTY",
    "TIME_LIMIT",
    "WAYLAND_DISPLAY",
];

/// A binary of the workspace, which runs until it is dropped.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
    seen: Vec<String>,
}

impl Process {
    /// Starts a binary package with these variables, and without the settings of the caller.
    pub fn start(package: &str, variables: &[(&str, &str)]) -> Self {
        Self::run(package, &[], variables)
    }

    /// Starts a binary package with these arguments, too.
    pub fn run(package: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(binary(package));
        for name in SETTINGS {
            command.env_remove(name);
        }
        let mut child = command
            .args(arguments)
            .envs(["PORT", "API_PORT", "FIEF_PORT"].map(|name| (name, "0")))
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let errors = lines_of(child.stderr.take().unwrap());
        Self {
            child,
            lines,
            errors,
            seen: Vec::new(),
        }
    }

    /// Returns what follows `label: ` in the first line that starts with it. Waits for that line.
    pub fn value_of(&mut self, label: &str) -> String {
        self.rest_of(&format!("{label}: "))
    }

    /// Returns the value of the first line `NAME=value`, as fief-test-server prints its settings. Waits for that line.
    pub fn setting(&mut self, name: &str) -> String {
        let value = self.rest_of(&format!("{name}="));
        value.trim_matches('\'').to_owned()
    }

    fn rest_of(&mut self, prefix: &str) -> String {
        loop {
            let known = self.seen.iter().find_map(|line| line.strip_prefix(prefix));
            if let Some(found) = known {
                return found.to_owned();
            }
            match self.lines.recv_timeout(TIMEOUT) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout) => panic!("it did not say {prefix:?}"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended before it said {prefix:?}: {}", self.stderr());
                }
            }
        }
    }

    /// Waits for the end of a program. Returns its status, and what it wrote to stdout and stderr.
    pub fn output(&mut self) -> (ExitStatus, String, String) {
        let stdout: Vec<String> = self.lines.iter().collect();
        let (status, stderr) = self.wait();
        (status, stdout.join("\n"), stderr)
    }

    /// Waits for the end of a program that fails to start. Returns its status, and what it wrote to stderr.
    pub fn wait(&mut self) -> (ExitStatus, String) {
        let stderr = self.stderr();
        (self.child.wait().unwrap(), stderr)
    }

    fn stderr(&self) -> String {
        let lines: Vec<String> = self.errors.iter().collect();
        lines.join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails if it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        // Read to the end, so that the process never blocks on a full pipe.
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

/// Returns the path of a binary. `cargo test` does not build those of other packages, so cargo builds them here, once.
pub(crate) fn binary(package: &str) -> PathBuf {
    static BUILT: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let built = built.get_or_insert_default();
    let folder = target_folder();
    if !built.contains(package) {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "--package", package]);
        command.args((folder.file_name().unwrap() == "release").then_some("--release"));
        // A relative `CARGO_TARGET_DIR` would be another folder from here.
        command.arg("--target-dir").arg(folder.parent().unwrap());
        let status = command.stdin(Stdio::null()).status().unwrap();
        assert!(status.success(), "{package} does not build");
        built.insert(package.to_owned());
    }
    folder.join(package)
}

/// Returns `target/debug`. The test is in `target/debug/deps`.
fn target_folder() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().to_owned()
}
