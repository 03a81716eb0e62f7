use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{free_port, real::variable};

/// A Redis for a single test, which runs until it is dropped.
pub struct OwnRedis {
    port: u16,
    settings: Vec<String>,
    server: Child,
}

impl OwnRedis {
    /// Starts the server that `tests/real.sh` found, without persistence.
    pub fn start(settings: &[&str]) -> Self {
        let port = free_port();
        let settings: Vec<_> = settings.iter().map(|&it| it.to_owned()).collect();
        let server = spawn(port, &settings);
        let own = Self {
            port,
            settings,
            server,
        };
        own.wait_until_ready();
        own
    }

    /// Kills the server with SIGKILL.
    pub fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again, at the same port and with the same settings.
    pub fn restart(&mut self) {
        self.server = spawn(self.port, &self.settings);
        self.wait_until_ready();
    }

    fn wait_until_ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.is_ready() {
            assert!(Instant::now() < deadline, "Redis did not start");
            sleep(Duration::from_millis(20));
        }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn is_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let mut line = [0; 5];
        stream.write_all(b"PING\r\n").is_ok()
            && stream.read_exact(&mut line).is_ok()
            && line == *b"+PONG"
    }
}

fn spawn(port: u16, settings: &[String]) -> Child {
    let server = Command::new(variable("REDIS"))
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no"])
        .args(settings)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    server.unwrap()
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        // Fails if it has already ended.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
