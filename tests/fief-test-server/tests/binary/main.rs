//! Tests of the binary.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests may")]

mod control;
mod options;
mod running;
