//! Runs over whole projects.

mod common;
mod runs;
mod sample_project;
