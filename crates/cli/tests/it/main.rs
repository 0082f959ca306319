//! The program `grafema-rs`, run as a process.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commands;
mod common;
mod processes;
mod questions;
mod server;
