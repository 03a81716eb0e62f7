//! fief-client
