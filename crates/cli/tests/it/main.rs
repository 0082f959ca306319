//! The program `grafema-rs`, run as a process.

mod commands;
mod common;
mod processes;
