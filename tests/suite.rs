//! All suites. Tests that need the real Fief or Chromium are ignored; `tests/real.sh` runs them.

#[macro_use]
mod contract;
mod browser;
mod client;
mod flows;
mod keys;
mod load;
mod login;
mod other_clients;
mod proxy;
mod server;
mod token;
mod web;
mod webhooks;
