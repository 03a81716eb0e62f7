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

    /// Nanoseconds that the protection adds, and those without it.
    pub(crate) fn added(&mut self) -> (f64, f64) {
        let [protected, bare] = undisturbed([&mut self.protected, &mut self.bare]);
        (protected - bare, bare)
    }

    /// What it adds, as a multiple of something else.
    pub(crate) fn added_to(&mut self, other: &mut Subject) -> f64 {
        let [protected, bare, other] = undisturbed([&mut self.protected, &mut self.bare, other]);
        (protected - bare) / other
    }
}

/// Nanoseconds for one time of each, in turn. Other load on the machine only ever adds to them, so of all batches a
/// fast one counts.
fn undisturbed<const N: usize>(mut subjects: [&mut Subject; N]) -> [f64; N] {
    let mut batches = [(); N].map(|()| Vec::new());
    for _ in 0..BATCHES {
        for (subject, batches) in subjects.iter_mut().zip(&mut batches) {
            batches.push(subject.batch());
        }
    }
    batches.map(|batches| quantile(batches, 0.1))
}

pub(crate) fn report(name: &str, result: Arguments<'_>, is_met: bool, target: Arguments<'_>) {
    let verdict = if is_met { "target" } else { "MISSED, target" };
    println!("{name}: {result} ({verdict} {target})");
}

pub(crate) fn quantile(mut samples: Vec<f64>, share: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "small"
    )]
    let index = (samples.len() as f64 * share) as usize;
    samples[index]
}

const BATCHES: usize = 200;
