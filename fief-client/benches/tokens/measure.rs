use std::{
    fmt::Arguments,
    time::{Duration, Instant},
};

use criterion::Criterion;

/// Something to be measured: runs a number of times and returns the time that took.
pub(crate) struct Subject<'a> {
    name: &'static str,
    times: Box<dyn FnMut(u64) -> Duration + 'a>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(name: &'static str, times: impl FnMut(u64) -> Duration + 'a) -> Self {
        Self {
            name,
            times: Box::new(times),
        }
    }

    /// Returns a subject whose runs need no preparation.
    pub(crate) fn simple(name: &'static str, mut once: impl FnMut() + 'a) -> Self {
        Self::new(name, move |times| {
            let began = Instant::now();
            for _ in 0..times {
                once();
            }
            began.elapsed()
        })
    }

    pub(crate) fn bench(&mut self, criterion: &mut Criterion) {
        criterion.bench_function(self.name, |bencher| bencher.iter_custom(&mut self.times));
    }

    /// Returns the nanoseconds of one run, measured in a batch of a few milliseconds.
    fn batch(&mut self) -> f64 {
        let times = 4_000_000 / (self.times)(16).as_nanos().max(1) * 16;
        let times = u32::try_from(times.clamp(16, 10_000)).unwrap();
        (self.times)(times.into()).as_secs_f64() * 1e9 / f64::from(times)
    }
}

/// Returns the ratio of two durations: the median of alternating batches, which other load disturbs equally.
pub(crate) fn ratio(subjects: &mut [Subject<'_>], name: &str, to: &str) -> f64 {
    let one = position(subjects, name);
    let other = position(subjects, to);
    median((0..41).map(|_| subjects[one].batch() / subjects[other].batch()))
}

pub(crate) fn micros(subjects: &mut [Subject<'_>], name: &str) -> f64 {
    let subject = position(subjects, name);
    median((0..41).map(|_| subjects[subject].batch())) / 1000.0
}

pub(crate) fn report(name: &str, result: Arguments<'_>, is_met: bool, target: Arguments<'_>) {
    let verdict = if is_met { "target" } else { "MISSED, target" };
    println!("{name}: {result} ({verdict} {target})");
}

fn position(subjects: &[Subject<'_>], name: &str) -> usize {
    let mut names = subjects.iter().map(|subject| subject.name);
    names.position(|known| known == name).unwrap()
}

pub(crate) fn median(samples: impl Iterator<Item = f64>) -> f64 {
    let mut samples: Vec<_> = samples.collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
