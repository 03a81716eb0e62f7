use std::{
    fmt::Arguments,
    time::{Duration, Instant},
};

use criterion::Criterion;

/// Something that can be done over and over, and says how long so many times took.
pub(crate) struct Subject {
    times: Box<dyn FnMut(u64) -> Duration>,
}

/// The same requests to an application that is protected, and to one that is not.
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    protected: Subject,
    bare: Subject,
}

impl Subject {
    pub(crate) fn new(mut once: impl FnMut() + 'static) -> Self {
        let times = move |times| {
            let began = Instant::now();
            for _ in 0..times {
                once();
            }
            began.elapsed()
        };
        Self {
            times: Box::new(times),
        }
    }

    /// Nanoseconds for one time, in a batch of about a millisecond.
    fn batch(&mut self) -> f64 {
        let times = 1_000_000 / (self.times)(16).as_nanos().max(1) * 16;
        let times = u32::try_from(times.clamp(16, 10_000)).unwrap();
        (self.times)(times.into()).as_secs_f64() * 1e9 / f64::from(times)
    }
}

impl Pair {
    pub(crate) fn new(name: &'static str, protected: Subject, bare: Subject) -> Self {
        Self {
            name,
            protected,
            bare,
        }
    }

    pub(crate) fn bench(&mut self, criterion: &mut Criterion) {
        criterion.bench_function(self.name, |bencher| {
            bencher.iter_custom(&mut self.protected.times);
        });
        criterion.bench_function(&format!("{}, bare", self.name), |bencher| {
            bencher.iter_custom(&mut self.bare.times);
        });
    }

    /// Nanoseconds that the protection adds, and those without it: of the batches in turn, which other load disturbs
    /// alike, the one whose share is the median.
    pub(crate) fn added(&mut self) -> (f64, f64) {
        let mut batches: Vec<_> = (0..BATCHES)
            .map(|_| {
                let (protected, bare) = (self.protected.batch(), self.bare.batch());
                (protected - bare, bare)
            })
            .collect();
        batches.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
        batches[batches.len() / 2]
    }

    /// What it adds, as a multiple of something else.
    pub(crate) fn added_to(&mut self, other: &mut Subject) -> f64 {
        median((0..BATCHES).map(|_| {
            let added = self.protected.batch() - self.bare.batch();
            added / other.batch()
        }))
    }
}

pub(crate) fn report(name: &str, result: Arguments<'_>, is_met: bool, target: Arguments<'_>) {
    let verdict = if is_met { "target" } else { "MISSED, target" };
    println!("{name}: {result} ({verdict} {target})");
}

pub(crate) fn median(samples: impl Iterator<Item = f64>) -> f64 {
    let mut samples: Vec<_> = samples.collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Many short ones, since a shared machine is slower at some times than at others.
const BATCHES: usize = 201;
