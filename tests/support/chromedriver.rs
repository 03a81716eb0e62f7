use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

/// Process of chromedriver, which drives one Chromium and ends it.
pub(crate) struct Chromedriver {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Chromedriver {
    pub(crate) fn start() -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let count = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("fief-tests-{}-{count}", process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", &folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver does not start: install Debian's chromium-driver");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        // Read to the end, so that chromedriver never blocks on a full pipe.
        thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            port: port.expect("chromedriver did not name its port"),
            folder,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Closes the browser of a session.
    pub(crate) fn close(&self, session: &str) -> std::io::Result<()> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.set_read_timeout(Some(Duration::from_secs(10)))?;
        let path = session.strip_prefix(&self.url()).unwrap_or_default();
        let host = format!("127.0.0.1:{}", self.port);
        write!(
            connection,
            "DELETE {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        // It responds when the browser is closed, and keeps the connection.
        let _ = connection.read(&mut [0; 1024])?;
        Ok(())
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // Fails if it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The last of Chromium's processes may still be writing there.
        for _ in 0..50 {
            if fs::remove_dir_all(&self.folder).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}
