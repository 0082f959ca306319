//! Runs over whole projects.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod incremental;
mod plugins;
mod runs;
mod sample_project;
