use std::{
    fmt::Arguments,
    time::{Duration, Instant},
};

use criterion::Criterion;

/// Something that can be done over and over, and says how long so many times took.
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

    /// A subject whose single run needs no preparation.
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

    /// Nanoseconds for one time, in a batch of about a few milliseconds.
    fn batch(&mut self) -> f64 {
        let times = 4_000_000 / (self.times)(16).as_nanos().max(1) * 16;
        let times = u32::try_from(times.clamp(16, 10_000)).unwrap();
        (self.times)(times.into()).as_secs_f64() * 1e9 / f64::from(times)
    }
}

/// How many times as long one takes as another: the median of batches in turn, which other load disturbs alike.
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
