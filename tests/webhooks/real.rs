//! The real Fief with its worker, and two machines over Redis.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use axum::{Router, http::header};
use fief_axum::{
    FiefAuth,
    fief_client::{Fief, webhook::WebhookVerifier},
};
use fief_tests::{Browser, RealClient, RealFief};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{sleep, timeout},
};

use super::{app, bearer, status_at};
use crate::login::{self, Visitor, store};

const APP: &str = "http://127.0.0.1:3000";
const CALLBACK: &str = "http://127.0.0.1:3000/auth-callback";
const PASSWORD: &str = "hooks-of-brittany";

/// A machine, and by how many seconds its clock is ahead.
struct Machine {
    app: Router,
    ahead: Arc<AtomicU64>,
}

async fn machine(fief: &RealFief, client: &RealClient, secret: &str, name: &str) -> Machine {
    let ahead = Arc::<AtomicU64>::default();
    let offset = Arc::clone(&ahead);
    let clock = move || SystemTime::now() + Duration::from_secs(offset.load(Ordering::Relaxed));
    let fief = Fief::builder(&fief.base_url, &client.id)
        .client_secret(client.secret.as_str())
        .clock(clock)
        .build()
        .unwrap();
    let builder = FiefAuth::builder(fief)
        .login(APP, login::key())
        .cookie_name(name)
        .offline_access()
        .session_store(store::redis::store().await)
        .webhooks("/webhooks", WebhookVerifier::new(secret).unwrap());
    let app = app(&builder.build().unwrap());
    Machine { app, ahead }
}

/// A Fief, one of its users, and what it has delivered.
struct Scene {
    fief: RealFief,
    user: String,
    email: String,
    delivered: UnboundedReceiver<String>,
    one: Machine,
    other: Machine,
    changed_at: Mutex<Instant>,
}

impl Scene {
    async fn start(events: &[&str]) -> Self {
        let fief = RealFief::from_env();
        let client = fief.register(CALLBACK).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
        let secret = fief.webhook_of(&url, events).await;
        let email = format!(
            "hooks-{}@example.com",
            listener.local_addr().unwrap().port()
        );
        let tenants = fief.admin(Method::GET, "/tenants/", Value::Null).await;
        let tenants = tenants["results"].as_array().unwrap();
        let tenant = tenants.iter().find(|tenant| tenant["default"] == true);
        let body = json!({
            "email": email, "password": PASSWORD, "email_verified": true,
            "tenant_id": tenant.unwrap()["id"], "fields": {"first_name": "Constance"},
        });
        let user = fief.admin(Method::POST, "/users/", body).await;
        let (sender, delivered) = unbounded_channel();
        let one = machine(&fief, &client, &secret, "hooks").await;
        let other = machine(&fief, &client, &secret, "hooks").await;
        let id = user["id"].as_str().unwrap().to_owned();
        let of_user = id.clone();
        let listening = one.app.clone().layer(axum::middleware::from_fn(
            move |request: axum::extract::Request, next: axum::middleware::Next| {
                let (sender, user) = (sender.clone(), of_user.clone());
                async move {
                    let (parts, body) = request.into_parts();
                    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
                    let request = axum::extract::Request::from_parts(parts, body.into());
                    let response = next.run(request).await;
                    let kind = event["type"].as_str().unwrap_or_default();
                    let is_own = event.to_string().contains(&user) || kind.starts_with("role.");
                    if response.status() == 204 && is_own {
                        let _ = sender.send(kind.to_owned());
                    }
                    response
                }
            },
        ));
        tokio::spawn(async { axum::serve(listener, listening).await });
        let changed_at = Mutex::new(Instant::now());
        Self {
            fief,
            user: id,
            email,
            delivered,
            one,
            other,
            changed_at,
        }
    }

    async fn log_in(&self) -> Visitor {
        let mut visitor = Visitor::new(self.one.app.clone());
        let response = visitor.open("/login").await;
        let mut browser = Browser::new().stopping_at(CALLBACK);
        browser.open(response.header(header::LOCATION)).await;
        let page = browser.log_in(&self.email, PASSWORD).await;
        let callback = login::visitor_path(page.url.as_str());
        let response = visitor.open(&callback).await;
        assert_eq!(response.status, 303, "{}", response.body);
        visitor
    }

    async fn token(&self) -> String {
        let clients = self
            .fief
            .admin(Method::GET, "/clients/?limit=100", Value::Null)
            .await;
        let id = self.one_client(&clients);
        let path = format!("/users/{}/access-token", self.user);
        let body = json!({"client_id": id, "scopes": ["openid"]});
        let response = self.fief.admin(Method::POST, &path, body).await;
        response["access_token"].as_str().unwrap().to_owned()
    }

    /// Returns the id of the client that was registered last.
    fn one_client<'a>(&self, clients: &'a Value) -> &'a Value {
        let clients = clients["results"].as_array().unwrap().iter();
        let own = clients.filter(|client| client["name"] == CALLBACK);
        &own.max_by_key(|client| client["created_at"].as_str())
            .unwrap()["id"]
    }

    async fn admin(&self, method: Method, path: &str, body: Value) -> Value {
        *self.changed_at.lock().unwrap() = Instant::now();
        self.fief.admin(method, path, body).await
    }

    /// Waits until the first machine has handled an event of this kind.
    async fn handled(&mut self, kind: &str) {
        loop {
            let next = timeout(Duration::from_secs(90), self.delivered.recv()).await;
            let delivered = next.unwrap_or_else(|_| panic!("no {kind}")).unwrap();
            if delivered == kind {
                break;
            }
        }
        let took = self.changed_at.lock().unwrap().elapsed();
        println!("| {kind} | delivered and handled after {took:.1?} |");
    }

    /// Waits until a bearer token is responded to with this status at the other machine.
    async fn bearer_becomes(&self, token: &str, status: u16) {
        let began = Instant::now();
        while bearer(&self.other.app, token).await != status {
            assert!(began.elapsed() < Duration::from_secs(6), "not {status}");
            sleep(Duration::from_millis(50)).await;
        }
        println!(
            "| bearer token | {status} at the other machine after {:.1?} |",
            began.elapsed()
        );
    }

    /// Waits until Fief's worker has given the user a permission.
    async fn has_permission(&self, name: &str) {
        let path = format!("/users/{}/permissions", self.user);
        let began = Instant::now();
        loop {
            let granted = self.fief.admin(Method::GET, &path, Value::Null).await;
            if granted.to_string().contains(name) {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{granted}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn status(&self, visitor: &Visitor, path: &str) -> u16 {
        status_at(&self.other.app, visitor, path).await
    }
}

const EVENTS: [&str; 7] = [
    "user.updated",
    "user.deleted",
    "user_role.created",
    "user_role.deleted",
    "user_permission.created",
    "user_permission.deleted",
    "role.updated",
];

/// D21: the first request after the delivery, at the machine that did not receive it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real Fief and Redis"]
async fn changes_at_the_real_fief_take_effect_on_all_machines() {
    let mut scene = Scene::start(&EVENTS).await;
    let permission = scene
        .fief
        .admin(Method::GET, "/permissions/?limit=100", Value::Null)
        .await;
    let permissions = permission["results"].as_array().unwrap().clone();
    let id_of = |name: &str| {
        let mut all = permissions.iter();
        all.find(|it| it["codename"] == name).unwrap()["id"].clone()
    };
    let (create, read) = (id_of("castles:create"), id_of("castles:read"));
    let path = format!("/users/{}", scene.user);

    let visitor = scene.log_in().await;
    let token = scene.token().await;
    assert_eq!(bearer(&scene.other.app, &token).await, 200);
    assert_eq!(scene.status(&visitor, "/create").await, 403);
    let (granted, body) = (format!("{path}/permissions"), json!({"id": create}));
    scene.admin(Method::POST, &granted, body).await;
    scene.handled("user_permission.created").await;
    assert_eq!(scene.status(&visitor, "/create").await, 200);
    let revoked = format!("{granted}/{}", create.as_str().unwrap());
    scene.admin(Method::DELETE, &revoked, Value::Null).await;
    scene.handled("user_permission.deleted").await;
    assert_eq!(scene.status(&visitor, "/create").await, 403);

    // The worker turns roles into permissions, before or after it delivers the event.
    let body = json!({"name": "builders", "granted_by_default": false, "permissions": [create]});
    let role = scene.fief.admin(Method::POST, "/roles/", body).await["id"].clone();
    let role = role.as_str().unwrap().to_owned();
    scene
        .admin(Method::POST, &format!("{path}/roles"), json!({"id": role}))
        .await;
    scene.handled("user_role.created").await;
    let first = scene.status(&visitor, "/create").await;
    println!("| user_role.created | first request: {first} |");
    scene.has_permission("castles:create").await;
    // Once more after a minute, whatever the first one found.
    for machine in [&scene.one, &scene.other] {
        machine.ahead.store(130, Ordering::Relaxed);
    }
    assert_eq!(scene.status(&visitor, "/create").await, 200);

    // A role that changes, for all users: within five minutes.
    let body = json!({"permissions": [read]});
    scene
        .admin(Method::PATCH, &format!("/roles/{role}"), body)
        .await;
    scene.handled("role.updated").await;
    assert_eq!(scene.status(&visitor, "/create").await, 200);
    let mut after = 0;
    for ahead in (0..=300).step_by(10) {
        scene.other.ahead.store(130 + ahead, Ordering::Relaxed);
        after = ahead;
        if scene.status(&visitor, "/create").await == 403 {
            break;
        }
    }
    println!("| role.updated | refreshed after {after} s of the machine's clock |");
    assert_eq!(scene.status(&visitor, "/create").await, 403);

    // User info.
    assert_eq!(scene.status(&visitor, "/name").await, 200);
    let name = async |scene: &Scene| visitor.at(scene.other.app.clone()).open("/name").await.body;
    assert_eq!(name(&scene).await, "\"Constance\"");
    let body = json!({"fields": {"first_name": "Blanche"}});
    scene.admin(Method::PATCH, &path, body).await;
    scene.handled("user.updated").await;
    assert_eq!(name(&scene).await, "\"Blanche\"");

    // An account that is not active, and active again. Fief has no API for that.
    let body = || json!({"fields": {"first_name": "Azenor"}});
    scene.fief.set_active(&scene.email, false);
    scene.admin(Method::PATCH, &path, body()).await;
    scene.handled("user.updated").await;
    assert_eq!(scene.status(&visitor, "/castles").await, 303);
    scene.bearer_becomes(&token, 401).await;
    scene.fief.set_active(&scene.email, true);
    let body = json!({"fields": {"first_name": "Tiphaine"}});
    scene.admin(Method::PATCH, &path, body).await;
    scene.handled("user.updated").await;
    scene.bearer_becomes(&token, 200).await;
    assert_eq!(scene.status(&visitor, "/castles").await, 303);

    let again = scene.log_in().await;
    assert_eq!(scene.status(&again, "/castles").await, 200);
    scene.admin(Method::DELETE, &path, Value::Null).await;
    scene.handled("user.deleted").await;
    assert_eq!(scene.status(&again, "/castles").await, 303);
    scene.bearer_becomes(&token, 401).await;
    assert_eq!(status_at(&scene.one.app, &again, "/castles").await, 303);
}
