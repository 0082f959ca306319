//! Questions to small projects.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod call_graphs;
mod common;
mod trace;
mod users;
