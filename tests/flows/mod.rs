//! The examples, started as processes and used as people use them.

mod api;
mod docs;
pub(crate) mod site;
mod start;
mod web;
