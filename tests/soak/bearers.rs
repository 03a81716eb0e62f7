//! API clients with tokens of each kind, and a flood of tokens with unknown keys.

use std::time::{Duration, Instant, SystemTime};

use fief_test_server::Algorithm;

use super::{
    checker::{Cause, Expected, Finding, Identity, Page, State, Why, check},
    seeded::Seeded,
    wire::Reply,
    world::World,
};

/// A client that sends tokens of a user, until they have expired or their key was removed.
pub struct Client<'a> {
    world: &'a World,
    user: Identity,
    tokens: Vec<Token>,
    random: Seeded,
}

struct Token {
    text: String,
    kid: String,
    /// Between the start and the end of this second.
    expires: Instant,
}

impl<'a> Client<'a> {
    pub fn new(world: &'a World, email: &str, random: Seeded) -> Self {
        Self {
            world,
            user: world.identity(email),
            tokens: Vec::new(),
            random,
        }
    }

    pub async fn run(mut self) {
        while !self.world.is_over() {
            let is_forgotten = |token: &Token| token.expires.elapsed() > 3 * SECOND;
            self.tokens.retain(|token| !is_forgotten(token));
            if self.tokens.len() < 4 {
                let token = self.mint();
                self.tokens.push(token);
            }
            let index = self.random.index(self.tokens.len());
            for url in self.urls() {
                self.send(&self.tokens[index], &url).await;
            }
            tokio::time::sleep(self.random.millis(10, 150)).await;
        }
    }

    fn urls(&self) -> Vec<String> {
        let replicas = self.world.deployments().flat_map(|it| &it.replicas);
        replicas.map(super::replica::Replica::url).collect()
    }

    /// Returns a token that is valid for some seconds.
    fn mint(&mut self) -> Token {
        // Keys are not changed meanwhile.
        let keys = self.world.keys.lock().unwrap();
        let lifetime = Duration::from_secs(2 + self.random.below(28));
        let kid = self.world.fief.kid();
        // From the start of the second in which the token is issued, or of the one before.
        let second = SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        let expires = Instant::now() + lifetime - Duration::from_nanos(second.into());
        let token = self.world.fief.access_token().user(&self.user.email);
        let text = token.expires_in(lifetime).mint();
        drop(keys);
        Token { text, kid, expires }
    }

    async fn send(&self, token: &Token, url: &str) {
        let sent = Instant::now();
        let reply = self
            .world
            .wire
            .bearer(&format!("{url}/me"), &token.text)
            .await;
        let state = self.state(token, url, sent);
        let expected = Expected {
            user: &self.user,
            permissions: &[""],
            state,
            // Nothing that Fief does affects a token whose key is known.
            may_be_unavailable: state != State::Valid && has_failed(self.world, sent),
        };
        let finding = match check(Page::Me, &expected, reply.as_ref()) {
            Some(Finding::Lost) => Some(Finding::Rejected),
            finding => finding,
        };
        let report = &self.world.report;
        report.record(
            "a bearer token",
            reply.as_ref(),
            finding,
            format_args!("{expected:?}"),
        );
        if reply.is_some_and(|reply| reply.status == 200) {
            let key = (url.to_owned(), token.kid.clone());
            let mut keys = self.world.keys.lock().unwrap();
            keys.accepted.entry(key).or_insert_with(Instant::now);
        }
    }

    /// Returns what a token was while its request was handled: from `sent` until now.
    fn state(&self, token: &Token, url: &str, sent: Instant) -> State {
        let now = Instant::now();
        if sent > token.expires + SECOND {
            return State::Void(Why::Expired);
        }
        if now + MARGIN > token.expires {
            return State::Either;
        }
        let keys = self.world.keys.lock().unwrap();
        let was_accepted = |kid: &str| {
            let accepted = keys.accepted.get(&(url.to_owned(), kid.to_owned()));
            accepted.is_some_and(|at| *at < sent)
        };
        let published = keys.published[&token.kid];
        if let Some(removed) = keys.removed.get(&token.kid) {
            // Once a process has a newer set, it has this one no longer.
            let has_newer = |(kid, at): (&String, &Instant)| at >= removed && was_accepted(kid);
            return if keys.published.iter().any(has_newer) {
                State::Void(Why::KeyRemoved)
            } else {
                State::Either
            };
        }
        // What anonymous callers send makes a process fetch the keys once in 30 seconds.
        let is_due = sent > published + COOLDOWN && !has_failed(self.world, published);
        if was_accepted(&token.kid) || is_due {
            State::Valid
        } else {
            State::Either
        }
    }
}

/// Returns whether the keys could not be fetched at some time since then.
fn has_failed(world: &World, since: Instant) -> bool {
    let disturbances = &world.disturbances;
    disturbances.affect_by(Cause::Failure, since, Duration::ZERO)
}

/// Sends tokens that no one may accept, most of them with unknown keys.
pub async fn flood(world: &World, email: &str, mut random: Seeded) {
    let user = world.identity(email);
    let urls: Vec<_> = world
        .deployments()
        .flat_map(|it| &it.replicas)
        .map(super::replica::Replica::url)
        .collect();
    while !world.is_over() {
        let url = &urls[random.index(urls.len())];
        let (token, status) = forge(world, email, &mut random);
        let sent = Instant::now();
        let reply = world.wire.bearer(&format!("{url}/me"), &token).await;
        // The one for which the keys are fetched, in vain.
        let is_unavailable =
            reply.as_ref().is_some_and(|reply| reply.status == 503) && has_failed(world, sent);
        let finding = found(&user, status, reply.as_ref()).filter(|_| !is_unavailable);
        world
            .report
            .record("a forged token", reply.as_ref(), finding, &token);
        tokio::time::sleep(random.millis(5, 60)).await;
    }
}

/// Returns a token, and the status that it gets.
fn forge(world: &World, email: &str, random: &mut Seeded) -> (String, u16) {
    let token = || world.fief.access_token().user(email);
    match random.below(12) {
        0 => (token().unpublished_key().mint(), 401),
        1 => (token().audience("another-client").mint(), 401),
        2 => (token().algorithm(Algorithm::None).mint(), 401),
        3 => (token().claim("iss", "https://fief.example.com").mint(), 401),
        4 => (token().expired().mint(), 401),
        5 => ("x".repeat(20_000), 401),
        6 => ("not.a.token".into(), 401),
        7 => ("two tokens".into(), 400),
        _ => {
            let kid = format!("unknown-{}", random.below(u64::MAX));
            (token().header("kid", kid).mint(), 401)
        }
    }
}

fn found(user: &Identity, status: u16, reply: Option<&Reply>) -> Option<Finding> {
    let Some(reply) = reply else {
        return Some(Finding::NoResponse);
    };
    if reply.status == status {
        None
    } else if reply.status == 200 && reply.body.starts_with(&user.id) {
        Some(Finding::Admitted(Why::Forged))
    } else {
        Some(Finding::Unexpected(reply.status))
    }
}

const SECOND: Duration = Duration::from_secs(1);
/// How much earlier than its response a request may have been handled.
const MARGIN: Duration = Duration::from_millis(50);
/// And a second, since times are whole seconds, and as long as a fetch may take.
const COOLDOWN: Duration = Duration::from_secs(38);
