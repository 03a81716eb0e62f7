//! The examples, started as processes and used like a user does.

mod api;
pub(crate) mod cli;
mod compose;
mod copied;
mod docs;
mod mcp;
mod members;
pub(crate) mod site;
mod spa;
mod start;
mod web;
