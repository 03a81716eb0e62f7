//! Helpers of the suites: browsers, the examples as processes, the real Fief.

mod browser;
mod chromedriver;
mod chromium;
mod own_fief;
mod process;
mod real;
mod seed;

pub use browser::{Browser, Page};
pub use chromium::Chromium;
pub use own_fief::OwnFief;
pub use process::{Process, free_port};
pub use real::{Mailbox, RealClient, RealFief};
pub use seed::{Seed, SeedClient, SeedField, SeedLifetimes, SeedUser};
