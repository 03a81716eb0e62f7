//! What the environment of the process changes, in a process of its own.

use std::{
    env,
    io::Read,
    net::TcpListener,
    process::{Command, Output},
    thread,
};

/// Runs tests of logins again, in a process with these variables.
fn run_logins(variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    for name in ["NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    command.args(["client::login::", "client::refresh::"]);
    command.output().unwrap()
}

fn assert_passed(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(!text.contains(" 0 passed"), "{text}");
}

/// FD-80, DJ-18: the secret of the client would be sent to it in clear.
#[test]
fn a_proxy_of_the_environment_receives_nothing_by_plain_http() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    thread::spawn(move || {
        for connection in proxy.incoming() {
            let mut begin = [0; 64];
            let read = connection.unwrap().read(&mut begin);
            eprintln!("the proxy received {read:?}");
        }
    });
    let names = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    assert_passed(&run_logins(&names.map(|name| (name, &*url))));
}

/// FD-81: an image without certificates of authorities.
#[test]
fn by_plain_http_no_certificates_are_needed() {
    let nowhere = "/nonexistent";
    let output = run_logins(&[("SSL_CERT_FILE", nowhere), ("SSL_CERT_DIR", nowhere)]);
    assert_passed(&output);
}
