//! The server as its clients see it: the real binary, real sockets, raw frames.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod clients;
mod commands;
mod databases;
mod datalog;
mod framing;
mod fuzz_twins;
mod node;
mod process;
mod queries;
mod snapshots;
mod streaming;
mod support;
mod websocket;
mod writing;
