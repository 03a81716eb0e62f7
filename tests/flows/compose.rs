//! `examples/compose`, as far as it can be checked without a container engine.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use fief_tests::{Browser, Folder, Process, RealFief, free_port};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

/// Section 0: with the secrets that the script writes, and not without.
#[test]
#[ignore = "needs Docker Compose"]
fn compose_accepts_the_file() {
    let folder = Folder::create();
    let compose = env::var("FIEF_REAL_COMPOSE").unwrap();
    let config = |secrets: &Path| {
        let mut words = compose.split(' ');
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg("--env-file").arg(secrets);
        let command = command.arg("-f").arg(file("compose.yaml"));
        command.args(["config", "--quiet"]).output().unwrap()
    };
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();

    let without = config(&empty);
    let with = config(&secrets(&folder));

    assert!(!without.status.success());
    assert!(text(&without.stderr).contains("run secrets.sh"));
    assert_is_success(&with);
}

#[test]
fn the_script_writes_each_secret_once() {
    let folder = Folder::create();
    let first = fs::read_to_string(secrets(&folder)).unwrap();
    let again = fs::read_to_string(secrets(&folder)).unwrap();
    let compose = fs::read_to_string(file("compose.yaml")).unwrap();

    assert_eq!(first, again);
    let used = compose.split("${").skip(1);
    let mut used: Vec<_> = used.filter_map(|rest| rest.split(":?").next()).collect();
    let mut written: Vec<_> = first
        .lines()
        .filter_map(|line| line.split('=').next())
        .collect();
    used.sort_unstable();
    used.dedup();
    written.sort_unstable();
    assert_eq!(used, written);
}

#[test]
#[ignore = "needs the real Fief"]
fn its_settings_are_those_that_fief_and_the_application_read() {
    let compose = compose();
    let fief = fief_settings();
    for name in variables(&compose, "fief").keys() {
        let field = format!("    {}: ", name.to_lowercase());
        assert!(fief.contains(&field), "Fief does not read {name}");
    }
    let web = root().join("examples/web/src/settings.rs");
    let web = fs::read_to_string(web).unwrap();
    let read = web
        .split("variable(\"")
        .skip(1)
        .chain(web.split("port(\"").skip(1));
    let read: Vec<_> = read.filter_map(|rest| rest.split('"').next()).collect();
    let set = variables(&compose, "web");
    for name in set.keys() {
        assert!(
            read.contains(&name.as_str()),
            "the application does not read {name}"
        );
    }
    // Fief gives out the client, and there is none inside of the application.
    let unset = ["FIEF_CLIENT_ID", "FIEF_CLIENT_SECRET", "FIEF_PORT"];
    for name in read {
        assert!(
            set.contains_key(name) || unset.contains(&name),
            "{name} is not set"
        );
    }
}

#[test]
#[ignore = "needs the real Fief"]
fn its_ports_and_urls_agree() {
    let compose = compose();
    let (fief, web) = (variables(&compose, "fief"), variables(&compose, "web"));
    let register = variables(&compose, "register");
    let url = |value: &Value| -> Url { value.as_str().unwrap().parse().unwrap() };
    let published = |service: &str| {
        let ports = compose["services"][service]["ports"].as_array().unwrap();
        assert_eq!(ports.len(), 1);
        let port = ports[0].as_str().unwrap().strip_prefix("127.0.0.1:");
        port.unwrap().to_owned()
    };

    // One port inside and outside.
    for (service, variables) in [("fief", &fief), ("web", &web)] {
        let port = variables["PORT"].as_str().unwrap();
        assert_eq!(published(service), format!("{port}:{port}"));
    }
    let [app, public, base, redis] =
        ["APP_URL", "FIEF_PUBLIC_URL", "FIEF_BASE_URL", "REDIS_URL"].map(|name| url(&web[name]));
    assert_eq!(
        app.authority(),
        format!("localhost:{}", web["PORT"].as_str().unwrap())
    );
    assert_eq!(public.authority(), fief["FIEF_DOMAIN"].as_str().unwrap());
    assert_eq!(
        base.authority(),
        format!("fief:{}", fief["PORT"].as_str().unwrap())
    );
    assert_eq!(base, url(&register["FIEF_BASE_URL"]));
    let callback = app.join("auth-callback").unwrap();
    assert_eq!(callback, url(&register["REDIRECT_URI"]));
    for host in [&redis, &url(&fief["REDIS_URL"])] {
        assert!(
            compose["services"].get(host.host_str().unwrap()).is_some(),
            "{host}"
        );
    }
    // Sessions that are evicted or lost are users who are logged out.
    let sessions = compose["services"][redis.host_str().unwrap()]["command"].to_string();
    assert!(
        sessions.contains("--maxmemory-policy noeviction"),
        "{sessions}"
    );
    assert!(sessions.contains("--appendonly yes"), "{sessions}");
    assert_ne!(redis, url(&fief["REDIS_URL"]));
    assert_eq!(fief["FIEF_MAIN_USER_EMAIL"], register["BUILDER"]);
}

/// And another start registers nothing.
#[tokio::test]
#[ignore = "needs the real Fief"]
async fn a_user_logs_in_with_the_client_that_the_script_registers() {
    let folder = Folder::create();
    let fief = RealFief::from_env();
    let port = free_port().to_string();
    let client = folder.path().join("client.env");
    let register = || {
        let mut command = Command::new(python());
        command.arg(file("register.py")).envs([
            ("FIEF_BASE_URL", fief.base_url.clone()),
            (
                "FIEF_ADMIN_API_KEY",
                env::var("FIEF_REAL_ADMIN_KEY").unwrap(),
            ),
            (
                "REDIRECT_URI",
                format!("http://127.0.0.1:{port}/auth-callback"),
            ),
            ("BUILDER", "builder@example.com".to_owned()),
            ("CLIENT_FILE", client.to_str().unwrap().to_owned()),
        ]);
        assert_is_success(&command.output().unwrap());
        fs::read_to_string(&client).unwrap()
    };

    let written = register();
    assert_eq!(register(), written);
    let mut variables: Vec<_> = written
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    variables.extend([("PORT", port.as_str()), ("FIEF_BASE_URL", &fief.base_url)]);
    let mut web = Process::start("example-web", &variables);
    let mut browser = Browser::new();
    browser
        .open(&format!("{}/castles/create", web.value_of("App")))
        .await;
    let page = browser
        .log_in("builder@example.com", "builder-of-brittany")
        .await;

    // With the permission that the script has given.
    assert_eq!(
        (page.status, page.url.path()),
        (StatusCode::OK, "/castles/create")
    );
    let clients = fief
        .admin(Method::GET, "/clients/?limit=100", Value::Null)
        .await;
    let clients = clients["results"].as_array().unwrap().iter();
    assert_eq!(
        clients.filter(|client| client["name"] == "Castles").count(),
        1
    );
}

/// Writes `.env` with `secrets.sh`. Returns its path.
fn secrets(folder: &Folder) -> PathBuf {
    let output = Command::new(file("secrets.sh")).arg(folder.path()).output();
    assert_is_success(&output.unwrap());
    folder.path().join(".env")
}

/// The file, with its anchors and merges resolved.
fn compose() -> Value {
    let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let output = Command::new(python())
        .args(["-c", script])
        .arg(file("compose.yaml"))
        .output()
        .unwrap();
    assert_is_success(&output);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The source of the settings of the Fief that is installed.
fn fief_settings() -> String {
    let script = "import importlib.util; print(importlib.util.find_spec('fief').origin)";
    let output = Command::new(python())
        .args(["-c", script])
        .output()
        .unwrap();
    assert_is_success(&output);
    let package = PathBuf::from(text(&output.stdout).trim());
    fs::read_to_string(package.with_file_name("settings_class.py")).unwrap()
}

fn variables<'a>(compose: &'a Value, service: &str) -> &'a serde_json::Map<String, Value> {
    let environment = &compose["services"][service]["environment"];
    environment.as_object().unwrap()
}

fn assert_is_success(output: &Output) {
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

fn python() -> String {
    env::var("FIEF_REAL_PYTHON").expect("run tests/real.sh")
}

fn file(name: &str) -> PathBuf {
    root().join("examples/compose").join(name)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
