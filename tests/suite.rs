//! The hermetic suite.

mod server;
