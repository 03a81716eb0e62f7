use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use crate::process::{SETTINGS, binary};

const TIMEOUT: Duration = Duration::from_secs(60);

/// A binary of the workspace in a terminal of its own, that of script(1). It runs until it is dropped.
pub struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    output: Receiver<Vec<u8>>,
    screen: String,
}

impl Terminal {
    /// Starts a binary package with these arguments and variables, and without the settings of the caller.
    pub fn start(package: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let line = format!(
            "exec '{}' {}",
            binary(package).display(),
            arguments.join(" ")
        );
        let mut command = Command::new("script");
        for name in SETTINGS {
            command.env_remove(name);
        }
        let mut child = command
            .args([
                "--quiet",
                "--return",
                "--flush",
                "--command",
                &line,
                "/dev/null",
            ])
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("script does not start: install Debian's bsdutils");
        let mut stdout = child.stdout.take().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = stdout.read(&mut chunk) {
                let _ = sender.send(chunk[..length].to_vec());
            }
        });
        Self {
            keyboard: child.stdin.take().unwrap(),
            child,
            output,
            screen: String::new(),
        }
    }

    /// Presses keys: `\r` is the enter key, `\u{3}` Ctrl-C.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until the terminal shows a text. Returns all that was shown.
    pub fn wait_for(&mut self, text: &str) -> &str {
        let deadline = Instant::now() + TIMEOUT;
        while !self.screen.contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(chunk) => self.screen += &String::from_utf8_lossy(&chunk),
                Err(RecvTimeoutError::Timeout) => panic!("no {text:?} in {}", self.screen),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("ended without {text:?}: {}", self.screen)
                }
            }
        }
        &self.screen
    }

    /// Returns the URL that a line consists of, when it is shown.
    pub fn url(&mut self) -> String {
        // The line after it has begun.
        let screen = self.wait_for("\n\r\nIf it ends");
        let mut lines = screen.lines().map(str::trim);
        lines
            .find(|line| line.starts_with("http"))
            .unwrap()
            .to_owned()
    }

    /// Waits for the end of the program. Returns its exit code, and all that was shown.
    pub fn wait(mut self) -> (Option<i32>, String) {
        for chunk in self.output.iter() {
            self.screen += &String::from_utf8_lossy(&chunk);
        }
        let status = self.child.wait().unwrap();
        (status.code(), std::mem::take(&mut self.screen))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Fails if it has already ended. The program ends with its terminal.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
