//! The suites. What needs the real Fief is ignored: `tests/real.sh` runs it.

mod contract;
mod server;
