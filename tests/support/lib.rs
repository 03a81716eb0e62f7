//! Helpers of the suites: browsers, the examples as processes, the real Fief, Redis, nginx.

mod browser;
mod chromedriver;
mod chromium;
mod folder;
mod nginx;
mod own_fief;
mod own_redis;
mod process;
mod real;
mod seed;
mod terminal;

pub use browser::{Browser, Page};
pub use chromium::Chromium;
pub use folder::Folder;
pub use nginx::{OwnNginx, Passed};
pub use own_fief::OwnFief;
pub use own_redis::OwnRedis;
pub use process::{Process, free_port};
pub use real::{Mailbox, RealClient, RealFief};
pub use seed::{Seed, SeedClient, SeedField, SeedLifetimes, SeedUser};
pub use terminal::Terminal;
