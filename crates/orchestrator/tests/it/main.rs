//! Runs over whole projects.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod incremental;
mod own_plugins;
mod plugins;
mod runs;
mod sample_project;
