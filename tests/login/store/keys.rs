//! A session key that is replaced step by step, in two processes that share a store.

use axum::{Router, http::Method, routing::get};
use fief_axum::{CurrentSession, FiefAuth, SessionId, SessionKey};
use fief_test_server::{FiefTestServer, User};
use tower_sessions_core::SessionStore;

use crate::{
    login::{Visitor, app, builder_with},
    web,
};

/// The keys of both processes at each step. The first one seals, and all can open.
const STEPS: [[&[u8]; 2]; 7] = [
    [&[1], &[1]],
    [&[1, 2], &[1]],
    [&[1, 2], &[1, 2]],
    [&[2, 1], &[1, 2]],
    [&[2, 1], &[2, 1]],
    [&[2], &[2, 1]],
    [&[2], &[2]],
];

#[derive(Clone, Copy, Debug)]
enum End {
    Logout,
    Session,
    User,
}

/// What happens to the session of a user.
#[derive(Debug)]
struct Plan {
    email: String,
    /// The step and the process of the login.
    began: (usize, usize),
    /// The step and the process of its end. `None` if it does not end.
    ends: Option<(usize, usize, End)>,
}

/// Every step of a login, with every later step, process and kind of its end.
fn plans() -> Vec<Plan> {
    let mut plans = Vec::new();
    for began in 0..STEPS.len() {
        for process in 0..2 {
            plans.push((process, began, None));
        }
        for ended in began..STEPS.len() {
            for (n, end) in [End::Logout, End::Session, End::User]
                .into_iter()
                .enumerate()
            {
                for process in 0..2 {
                    let login_process = (began + ended + n + process) % 2;
                    plans.push((login_process, began, Some((ended, process, end))));
                }
            }
        }
    }
    let numbered = plans.into_iter().enumerate();
    let plan = |(n, (process, began, ends))| Plan {
        email: format!("user-{n}@example.com"),
        began: (began, process),
        ends,
    };
    numbered.map(plan).collect()
}

/// Two processes that have just been started.
struct Processes {
    auths: [FiefAuth; 2],
    apps: [Router; 2],
}

impl Processes {
    fn start(server: &FiefTestServer, store: &(impl SessionStore + Clone), step: usize) -> Self {
        let auths = STEPS[step].map(|keys| {
            let mut keys = keys.iter().map(|key| session_key(*key));
            let first = keys.next().unwrap();
            let builder = builder_with(server, web::fief(server), first);
            let builder = keys.fold(builder, |builder, key| builder.previous_session_key(key));
            builder.session_store(store.clone()).build().unwrap()
        });
        let id = async |session: CurrentSession| session.id().unwrap().to_string();
        let with_id = |auth: &FiefAuth| {
            let id = Router::new().route("/id", get(id));
            app(auth).merge(id.layer(auth.layer()))
        };
        let apps = auths.each_ref().map(with_id);
        Self { auths, apps }
    }

    async fn log_in(&self, server: &FiefTestServer, plan: &Plan) -> Visitor {
        let mut visitor = Visitor::new(self.apps[plan.began.1].clone());
        visitor.log_in_as(server, &plan.email).await;
        visitor
    }

    async fn end(&self, server: &FiefTestServer, visitor: &Visitor, plan: &Plan) {
        let (step, process, end) = plan.ends.unwrap();
        let mut visitor = visitor.at(self.apps[process].clone());
        let auth = &self.auths[process];
        match end {
            End::Logout => {
                assert_eq!(visitor.open("/logout").await.status, 303);
            }
            End::Session => {
                // The application knows the id from before.
                let knowing = usize::from(!knows(step, process, plan));
                let mut there = visitor.at(self.apps[(process + knowing) % 2].clone());
                let Ok(id) = there.open("/id").await.body.parse::<SessionId>() else {
                    // Both have dropped the key.
                    return;
                };
                auth.revoke_session(id).await.unwrap();
            }
            End::User => {
                let user = server.user_id(&plan.email);
                auth.revoke_user_sessions(user).await.unwrap();
            }
        }
    }
}

fn session_key(number: u8) -> SessionKey {
    let bytes: [u8; 32] = std::array::from_fn(|n| u8::try_from(n).unwrap() * number);
    SessionKey::from_bytes(&bytes).unwrap()
}

/// Returns whether a process can open the session of a plan.
fn knows(step: usize, process: usize, plan: &Plan) -> bool {
    let (began, login_process) = plan.began;
    STEPS[step][process].contains(&STEPS[began][login_process][0])
}

/// Returns whether the process that ended a session had dropped its key too early, before the session expired, so that it
/// could not find its records. The other process accepts the session until it has dropped the key as well.
fn is_ended_without_its_key(plan: &Plan) -> bool {
    plan.ends
        .is_some_and(|(step, process, _)| !knows(step, process, plan))
}

/// SE-3, SE-16
pub async fn a_revoked_session_stays_void_while_keys_change(store: impl SessionStore + Clone) {
    let plans = plans();
    let users = plans
        .iter()
        .map(|plan| User::new(&plan.email, "herminetincture"));
    let server = users.fold(FiefTestServer::builder(), |builder, user| {
        builder.user(user)
    });
    let server = server.start().await.unwrap();
    let mut visitors = Vec::new();
    let mut wrong = Vec::new();
    for step in 0..STEPS.len() {
        let processes = Processes::start(&server, &store, step);
        for plan in plans.iter().filter(|plan| plan.began.0 == step) {
            visitors.push((plan, processes.log_in(&server, plan).await));
        }
        for (plan, visitor) in &visitors {
            if plan.ends.is_some_and(|(ended, ..)| ended == step) {
                processes.end(&server, visitor, plan).await;
            }
        }
        for (plan, visitor) in &visitors {
            let has_ended = plan.ends.is_some_and(|(ended, ..)| ended <= step);
            for (process, app) in processes.apps.iter().enumerate() {
                let mut visitor = visitor.at(app.clone());
                let status = visitor.fetch(Method::GET, "/castles").await.status;
                let is_valid = !has_ended && knows(step, process, plan);
                let is_excepted = is_ended_without_its_key(plan) && knows(step, process, plan);
                if !is_excepted && status != if is_valid { 200 } else { 401 } {
                    wrong.push(format!("step {step} process {process}: {status} {plan:?}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        plans.len(),
        wrong.join("\n")
    );
}
