//! Clients in other languages, which use fief-test-server and its control API.

use std::{env, path::Path, process::Command};

use fief_tests::{Process, free_port};

/// FD-102
#[test]
#[ignore = "needs fief-client for Python"]
fn the_methods_of_fief_client_for_python() {
    python("methods");
}

/// FD-102
#[test]
#[ignore = "needs fief-client for Python"]
fn the_fastapi_class_of_fief_client_for_python() {
    python("fastapi");
}

/// FD-102
#[test]
#[ignore = "needs fief-client for Python"]
fn the_command_line_class_of_fief_client_for_python() {
    python("cli");
}

/// FD-102
#[test]
#[ignore = "needs @fief/fief for JavaScript"]
fn the_methods_of_fief_for_javascript() {
    node("fief");
}

/// FD-102
#[test]
#[ignore = "needs openid-client for JavaScript"]
fn a_login_of_openid_client() {
    node("openid");
}

fn python(part: &str) {
    run(&variable("FIEF_REAL_CLIENTS_PYTHON"), "client.py", part);
}

fn node(part: &str) {
    run("node", "client.mjs", part);
}

/// Runs a part of a script against a server of its own. It has to succeed.
fn run(program: &str, script: &str, part: &str) {
    let arguments = ["--port", "0", "--control", "0"];
    let mut server = Process::run("fief-test-server", &arguments, &[]);
    let names = [
        "FIEF_BASE_URL",
        "FIEF_ISSUER",
        "FIEF_CLIENT_ID",
        "FIEF_CLIENT_SECRET",
        "FIEF_CONTROL_URL",
        "FIEF_PUBLIC_CLIENT_ID",
        "FIEF_USER_EMAIL",
        "FIEF_USER_PASSWORD",
        "FIEF_USER2_EMAIL",
    ];
    let settings = names.map(|name| (name, server.setting(name)));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("real/clients");
    let output = Command::new("timeout")
        .args(["120", program])
        .arg(folder.join(script))
        .arg(part)
        .envs(settings)
        .env("NODE_PACKAGES", variable("FIEF_REAL_CLIENTS_NODE"))
        .env("CLI_PORT", free_port().to_string())
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{part}: {stdout}{stderr}");
    assert!(stdout.contains(&format!("{part}: passed")), "{stdout}");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run tests/real.sh"))
}
