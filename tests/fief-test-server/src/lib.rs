//! tests/fief-test-server
