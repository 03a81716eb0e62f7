use std::{
    env, fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fief_tests::free_port;

use super::{
    application::{Settings, TEST, VARIABLE},
    wire::Wire,
};

const TIMEOUT: Duration = Duration::from_secs(60);

/// A process of the application, which runs until it is dropped.
pub struct Replica {
    pub settings: Settings,
    child: Child,
}

/// What a process takes of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// In KiB.
    pub memory: u64,
    pub descriptors: usize,
}

impl Replica {
    /// Starts a process at a port that was free a moment ago.
    pub async fn start(mut settings: Settings) -> Self {
        settings.port = free_port();
        let child = spawn(&settings);
        let mut replica = Self { settings, child };
        replica.wait_until_ready().await;
        replica
    }

    /// Kills the process with SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, at the same port.
    pub async fn restart(&mut self) {
        self.child = spawn(&self.settings);
        self.wait_until_ready().await;
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.settings.port)
    }

    pub fn usage(&self) -> Usage {
        usage(self.child.id())
    }

    async fn wait_until_ready(&mut self) {
        let url = format!("{}/bare", self.url());
        let deadline = Instant::now() + TIMEOUT;
        let wire = Wire::new();
        while wire.get(&url).await.is_none_or(|it| it.status != 200) {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "the application did not start: {ended:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // Fails if it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns what a process takes. Nothing, if it has ended.
pub fn usage(id: u32) -> Usage {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let memory = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    let descriptors = fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count);
    Usage {
        memory: memory.unwrap_or_default(),
        descriptors,
    }
}

/// Runs this binary again, as another process of the application.
fn spawn(settings: &Settings) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([TEST, "--exact", "--ignored", "--nocapture"])
        .env(VARIABLE, serde_json::to_string(settings).unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}
