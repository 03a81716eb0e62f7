//! The hermetic suite.
