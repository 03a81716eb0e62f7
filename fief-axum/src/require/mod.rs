//! Guards: what a request must bring to reach what is behind them.

pub(crate) mod layer;
pub(crate) mod paths;
pub(crate) mod rule;
pub(crate) mod service;
pub(crate) mod table;
