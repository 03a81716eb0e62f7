//! The binary, run as a developer runs it.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "tests may")]

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

#[test]
fn it_prints_the_settings_of_a_server_that_answers() {
    let mut server = Running(start(&["--port", "0", "--client-secret", "it's"]));
    let settings = settings(&mut server.0);
    assert_eq!(settings["FIEF_CLIENT_SECRET"], r"'it'\''s'");

    let address = settings["FIEF_BASE_URL"].trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let request = "GET /.well-known/openid-configuration HTTP/1.0\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.contains(&settings["FIEF_ISSUER"]), "{answer}");
}

#[test]
fn it_explains_what_it_does_not_understand() {
    let output = start(&["--nope"]).wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("unknown option --nope"));
}

/// Ends with the test, however that ends.
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
