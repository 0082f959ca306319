//! The server as its clients see it: the real binary, real sockets, raw frames.

mod clients;
mod commands;
mod databases;
mod framing;
mod fuzz_twins;
mod node;
mod process;
mod snapshots;
mod streaming;
mod support;
mod websocket;
mod writing;
