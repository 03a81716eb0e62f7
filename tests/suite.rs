//! The suites. What needs the real Fief or Chromium is ignored: `tests/real.sh` runs it.

#[macro_use]
mod contract;
mod browser;
mod client;
mod flows;
mod keys;
mod login;
mod server;
mod token;
mod web;
