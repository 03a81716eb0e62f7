pub(super) use crate::flight::{SingleFlight, Work};
