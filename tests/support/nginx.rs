use std::{
    fs,
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{free_port, real::variable};

/// An nginx for a single test, with the settings of Debian's package. It runs until it is dropped.
pub struct OwnNginx {
    port: u16,
    folder: PathBuf,
    server: Child,
}

/// A request that nginx passed on, or responded to itself.
#[derive(Debug)]
pub struct Passed {
    pub uri: String,
    pub status: u16,
    /// Where it was passed on to. `-` if it was not.
    pub upstream: String,
    /// The request in bytes, as the browser sent it: with HTTP/2 it is compressed.
    pub request: usize,
    /// The status line and headers of the application, in bytes.
    pub response_head: usize,
    /// The `Cookie` header in bytes.
    pub cookies: usize,
}

impl OwnNginx {
    /// Starts the server that `tests/real.sh` found. `{port}` in the directives, which are those of `http`, is its port.
    pub fn start(directives: &str) -> Self {
        let port = free_port();
        Self::start_at(port, directives)
    }

    /// Starts it at a port that the application had to know before.
    pub fn start_at(port: u16, directives: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("fief-tests-nginx-{port}"));
        fs::create_dir_all(&folder).unwrap();
        let configuration = CONFIGURATION
            .replace("{http}", directives)
            .replace("{folder}", folder.to_str().unwrap())
            .replace("{port}", &port.to_string());
        let file = folder.join("nginx.conf");
        fs::write(&file, configuration).unwrap();
        let server = Command::new(variable("NGINX"))
            .arg("-p")
            .arg(&folder)
            .arg("-c")
            .arg(&file)
            .args(["-e", "error.log"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut own = Self {
            port,
            folder,
            server,
        };
        own.wait_until_ready();
        own
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the requests so far.
    pub fn requests(&self) -> Vec<Passed> {
        let log = fs::read_to_string(self.folder.join("access.log")).unwrap();
        log.lines().map(Passed::parse).collect()
    }

    /// Returns what it complained about.
    pub fn errors(&self) -> String {
        fs::read_to_string(self.folder.join("error.log")).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.server.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "nginx did not start: {}",
                self.errors()
            );
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for OwnNginx {
    fn drop(&mut self) {
        // Fails if it has already ended.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Passed {
    fn parse(line: &str) -> Self {
        let parts: Vec<_> = line.split('\t').collect();
        let [status, upstream, request, received, body, cookies, uri] = parts[..] else {
            panic!("{line}");
        };
        let number = |text: &str| text.parse().unwrap_or_default();
        let received: usize = number(received);
        Self {
            uri: uri.to_owned(),
            status: status.parse().unwrap(),
            upstream: upstream.to_owned(),
            request: number(request),
            response_head: received.saturating_sub(number(body)),
            cookies: cookies.len(),
        }
    }
}

/// A single process in the foreground, which writes to its folder alone. `http` begins as in Debian's `nginx.conf`.
const CONFIGURATION: &str = "\
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events { worker_connections 768; }
http {
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    default_type application/octet-stream;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers on;
    gzip on;

    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    log_format sizes '$status\\t$upstream_addr\\t$request_length\\t$upstream_bytes_received\\t$upstream_response_length\\t$http_cookie\\t$request_uri';
    access_log {folder}/access.log sizes;

{http}
}
";
