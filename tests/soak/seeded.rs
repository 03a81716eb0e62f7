use std::{
    env,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Random numbers that a seed determines.
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the seed of a run: that of `FIEF_SOAK_SEED`, or another one each time.
    pub fn seed() -> u64 {
        let chosen = env::var("FIEF_SOAK_SEED").ok();
        chosen.map_or_else(
            || {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                u64::from(since.subsec_nanos())
            },
            |seed| seed.parse().unwrap(),
        )
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap()
    }

    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }

    /// Returns the generator of one of many tasks.
    pub fn fork(&mut self) -> Self {
        Self(self.below(u64::MAX))
    }
}
