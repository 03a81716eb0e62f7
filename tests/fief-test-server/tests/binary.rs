//! Tests of the binary.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "tests may")]

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

#[test]
fn it_prints_the_settings_of_a_running_server() {
    let mut server = Running(start(&["--port", "0", "--client-secret", "it's"]));
    let settings = settings(&mut server.0);
    assert_eq!(settings["FIEF_CLIENT_SECRET"], r"'it'\''s'");

    let address = settings["FIEF_BASE_URL"].trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let request = "GET /.well-known/openid-configuration HTTP/1.0\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("it responds");
    assert!(response.contains(&settings["FIEF_ISSUER"]), "{response}");
}

#[test]
fn it_rejects_unknown_options() {
    let output = start(&["--nope"]).wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("unknown option --nope"));
}

/// Child process that is killed when the test ends, even if it panics.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_fief-test-server"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary is built")
}

fn settings(server: &mut Child) -> HashMap<String, String> {
    let output = server.stdout.take().expect("it is piped");
    let mut settings = HashMap::new();
    for line in BufReader::new(output).lines() {
        let line = line.expect("it is text");
        let (name, value) = line.split_once('=').expect("it is a setting");
        settings.insert(name.to_owned(), value.to_owned());
        if name == "FIEF_USER2_PASSWORD" {
            break;
        }
    }
    settings
}
