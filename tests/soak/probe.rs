//! How long a request takes, beside the bare route of the same process, and what the processes take of the machine.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use reqwest::Method;

use super::{
    replica::Usage,
    wire::{Jar, Reply},
    world::{Deployment, World},
};

#[derive(Default)]
pub struct Measured {
    times: Mutex<BTreeMap<&'static str, Vec<Duration>>>,
    usages: Mutex<Vec<Usages>>,
}

/// Of one process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usages {
    pub before: Usage,
    pub most: Usage,
    pub after: Usage,
}

impl Measured {
    /// Requests the bare route, and one with each kind of credentials, in turn.
    pub async fn time(&self, world: &World, email: &str) {
        let mut jars: BTreeMap<&str, Jar> = BTreeMap::new();
        while !world.is_over() {
            for deployment in world.deployments() {
                let url = deployment.replicas[0].url();
                let jar = jars.entry(deployment.name).or_default();
                self.time_session(world, deployment, (&url, email), jar)
                    .await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn time_session(
        &self,
        world: &World,
        deployment: &Deployment,
        (url, email): (&str, &str),
        jar: &mut Jar,
    ) {
        let is_in_cookies = deployment.name == "cookies";
        self.add("bare", world.wire.get(&format!("{url}/bare")).await);
        if is_in_cookies {
            let token = world.fief.access_token().user(email).mint();
            let me = format!("{url}/me");
            self.add("a new token", world.wire.bearer(&me, &token).await);
            self.add("a token seen before", world.wire.bearer(&me, &token).await);
        }
        let me = format!("{url}/me");
        let Some(reply) = world.wire.fetch(Method::GET, &me, jar).await else {
            return;
        };
        reply.store_cookies(jar);
        match reply.status {
            200 if is_in_cookies => self.add("a session in cookies", Some(reply)),
            200 => self.add("a session in Redis", Some(reply)),
            401 => *jar = log_in(world, url, email).await.unwrap_or_default(),
            _ => {}
        }
    }

    fn add(&self, kind: &'static str, reply: Option<Reply>) {
        if let Some(reply) = reply.filter(|reply| reply.status == 200) {
            let took = reply.received - reply.sent;
            self.times
                .lock()
                .unwrap()
                .entry(kind)
                .or_default()
                .push(took);
        }
    }

    /// Returns the median and the 99th percentile of each kind.
    pub fn percentiles(&self) -> Vec<(&'static str, Duration, Duration)> {
        let mut all = self.times.lock().unwrap().clone();
        let percentile = |times: &[Duration], part: usize| times[(times.len() - 1) * part / 100];
        let each = all.iter_mut().map(|(kind, times)| {
            times.sort_unstable();
            (*kind, percentile(times, 50), percentile(times, 99))
        });
        each.collect()
    }

    /// Looks twice a second, and at last when the processes have been idle for a while.
    pub async fn watch(&self, world: &World) {
        let replicas = || world.deployments().flat_map(|it| &it.replicas);
        let first = replicas().map(|replica| {
            let usage = replica.usage();
            Usages {
                before: usage,
                most: usage,
                after: usage,
            }
        });
        *self.usages.lock().unwrap() = first.collect();
        while !world.is_over() {
            tokio::time::sleep(Duration::from_millis(500)).await;
            self.look(replicas().map(super::replica::Replica::usage));
        }
    }

    pub fn look(&self, now: impl Iterator<Item = Usage>) {
        for (known, now) in self.usages.lock().unwrap().iter_mut().zip(now) {
            known.most.memory = known.most.memory.max(now.memory);
            known.most.descriptors = known.most.descriptors.max(now.descriptors);
            known.after = now;
        }
    }

    pub fn usages(&self) -> Vec<Usages> {
        self.usages.lock().unwrap().clone()
    }
}

/// Returns the cookies of a browser that logs in, unless Fief fails.
async fn log_in(world: &World, url: &str, email: &str) -> Option<Jar> {
    let mut jar = Jar::new();
    let begun = world.wire.open(&format!("{url}/login"), &jar).await?;
    begun.store_cookies(&mut jar);
    if begun.status != 303 {
        return None;
    }
    world.report.event("logins that were begun");
    let callback = world.fief.log_in(email, begun.location()).await;
    let callback = callback.replace("https://app.example.com", url);
    let reply = world.wire.open(&callback, &jar).await?;
    reply.store_cookies(&mut jar);
    (reply.status == 303).then_some(jar)
}

/// A browser that disconnects in the middle of a refresh and stays away for more than half a minute: in cookies, that
/// session may be lost (D12).
pub async fn stay_away(world: &World, email: &str) {
    let url = world.cookies.replicas[0].url();
    let me = format!("{url}/me");
    while world.until > Instant::now() + Duration::from_secs(45) {
        let Some(jar) = log_in(world, &url, email).await else {
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        // Until half of the lifetime of its token.
        tokio::time::sleep(super::world::TOKEN_LIFETIME / 2 + Duration::from_secs(1)).await;
        let request = world.wire.fetch(Method::GET, &me, &jar);
        // Long enough for the request to arrive, and not for Fief's response.
        let _ = tokio::time::timeout(Duration::from_millis(4), request).await;
        tokio::time::sleep(Duration::from_secs(32)).await;
        let reply = world.wire.fetch(Method::GET, &me, &jar).await;
        match reply.map(|reply| reply.status) {
            Some(401) => world.report.event("lost, as documented"),
            Some(200) => world.report.event("not lost, although they may be"),
            _ => {}
        }
    }
}
