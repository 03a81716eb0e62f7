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
    server: Child,
}

impl OwnRedis {
    /// Starts the server that `tests/real.sh` found, without persistence.
    pub fn start(settings: &[&str]) -> Self {
        Self::start_at(free_port(), settings)
    }

    /// Ends it and starts it again, without its records.
    #[must_use]
    pub fn restart(self) -> Self {
        let port = self.port;
        drop(self);
        Self::start_at(port, &[])
    }

    fn start_at(port: u16, settings: &[&str]) -> Self {
        let server = Command::new(variable("REDIS"))
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .args(settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let own = Self { port, server };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !own.is_ready() {
            assert!(Instant::now() < deadline, "Redis did not start");
            sleep(Duration::from_millis(20));
        }
        own
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

impl Drop for OwnRedis {
    fn drop(&mut self) {
        // Fails if it has already ended.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
