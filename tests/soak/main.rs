//! Load, faults and time together: an application in processes of its own, a Fief that fails and changes its keys, users
//! that do all that users do, and a checker that knows what each response must be.
//!
//! `tests/real.sh` runs it for two minutes, and `tests/real.sh --soak` for ten.

mod application;
mod bearers;
mod chaos;
mod checker;
mod crashes;
mod planted;
mod probe;
mod replica;
mod seeded;
mod sessions;
mod table;
mod wire;
mod world;

use std::{
    env,
    sync::Arc,
    time::{Duration, Instant},
};

use fief_tests::OwnRedis;
use futures_util::future::{BoxFuture, join_all};
use tokio::{join, task::JoinSet};

use self::{
    bearers::flood,
    checker::{Finding, Why},
    planted::Planted,
    probe::{Measured, stay_away},
    seeded::Seeded,
    sessions::{Manner, Visits},
    world::{Deployment, World, email},
};

/// Those of both applications, of bearer tokens, and for the times.
const USERS: usize = 20;
/// A part of the load.
type Load = BoxFuture<'static, ()>;

/// In KiB, of one process: the caches, of which none is full.
const MEMORY: u64 = 64 * 1024;

/// Of one process: connections to Redis and Fief that are kept.
const DESCRIPTORS: usize = 64;

/// RB-5, RB-10, D5, D12, SE-15, SE-16: no response is wrong and no session is lost, whatever happens.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis, and two minutes"]
async fn soak() {
    let seconds = env::var("FIEF_SOAK_SECONDS").map_or(120, |it| it.parse().unwrap());
    let (duration, seed) = (Duration::from_secs(seconds), Seeded::seed());
    let redis = OwnRedis::start(&[]);
    let world = Arc::new(World::start(USERS, duration, Some(&redis)).await);
    let measured = Arc::new(Measured::default());
    let mut random = Seeded::new(seed);
    let mut tasks = JoinSet::new();
    let mut spawn = |load: fn(Arc<World>, Seeded, Arc<Measured>) -> Load| {
        tasks.spawn(load(world.clone(), random.fork(), measured.clone()));
    };
    spawn(|world, random, _| Box::pin(async move { chaos::run(&world, random).await }));
    spawn(|world, random, _| {
        Box::pin(async move { visit(&world, &world.cookies, 0, random).await })
    });
    spawn(|world, random, _| {
        Box::pin(async move { visit(&world, world.store.as_ref().unwrap(), 6, random).await })
    });
    spawn(|world, random, _| Box::pin(async move { call(&world, 12..16, random).await }));
    spawn(|world, random, _| Box::pin(async move { flood(&world, &email(16), random).await }));
    spawn(|world, _, measured| Box::pin(async move { measured.time(&world, &email(17)).await }));
    spawn(|world, _, _| Box::pin(async move { stay_away(&world, &email(18)).await }));
    spawn(|world, _, _| Box::pin(async move { stay_away(&world, &email(19)).await }));
    spawn(|world, _, measured| Box::pin(async move { measured.watch(&world).await }));
    tasks.join_all().await;
    // Connections of clients that have hung up are closed, and flights end.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let replicas = world.deployments().flat_map(|it| &it.replicas);
    measured.look(replicas.map(replica::Replica::usage));

    table::print(&world, &measured, duration, seed);
    let seen = world.report.seen();
    assert_eq!((seen.wrong(), seen.lost()), (0, 0), "seed {seed}");
    for load in table::loads(&world, duration) {
        assert!(load.requests <= load.most, "{}", load.what);
    }
    for usage in measured.usages() {
        assert!(
            usage.most.memory < usage.before.memory + MEMORY,
            "{usage:?}"
        );
        assert!(
            usage.after.descriptors <= usage.before.descriptors + DESCRIPTORS,
            "{usage:?}"
        );
    }
}

/// Six users of an application, three of whom do all that users do.
async fn visit(world: &World, deployment: &Deployment, first: usize, mut random: Seeded) {
    let manners = [Manner::Calm, Manner::Restless].repeat(3);
    let users = manners.into_iter().enumerate().map(|(n, manner)| {
        let visits = Visits::new(world, deployment, &email(first + n), random.fork());
        visits.run(manner)
    });
    join_all(users).await;
}

async fn call(world: &World, users: std::ops::Range<usize>, mut random: Seeded) {
    let clients = users.map(|n| bearers::Client::new(world, &email(n), random.fork()).run());
    join_all(clients).await;
}

/// The checker reports an application that is wrong, in each of five ways.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn planted_faults_are_found() {
    let planted = [
        (Planted::AcceptsExpired, Finding::Admitted(Why::Expired)),
        (Planted::DropsRotated, Finding::Lost),
        (
            Planted::ServesAfterLogout,
            Finding::Admitted(Why::LoggedOut),
        ),
        (
            Planted::SkipsEpoch,
            Finding::Admitted(Why::LoggedOutEverywhere),
        ),
        (Planted::SwapsUsers, Finding::OtherUser),
    ];
    let runs = planted.map(|(planted, finding)| async move {
        let seconds = find(planted, finding).await;
        println!("planted: {planted:?} is found as {finding:?} after {seconds} s");
    });
    join_all(runs).await;
}

/// Returns after how many seconds a planted fault is found.
async fn find(planted: Planted, finding: Finding) -> u64 {
    let most = Duration::from_secs(90);
    let world = World::with(6, most, None, Some(planted)).await;
    let (seed, began) = (Seeded::seed(), Instant::now());
    let mut random = Seeded::new(seed);
    let [calm, restless, other] = [Manner::Calm, Manner::Restless, Manner::Restless];
    let visits = |n, random| Visits::new(&world, &world.cookies, &email(n), random);
    let load = async {
        join!(
            visits(0, random.fork()).run(calm),
            visits(1, random.fork()).run(restless),
            visits(2, random.fork()).run(other),
            call(&world, 3..6, random.fork()),
        )
    };
    let is_found = async {
        while !world.report.has(finding) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        _ = load => table::print_findings(&world.report.seen()),
        () = is_found => return began.elapsed().as_secs(),
    }
    panic!("{planted:?} is not found, seed {seed}");
}
