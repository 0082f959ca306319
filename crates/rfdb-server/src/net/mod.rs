//! The server behind sockets.

mod connection;
mod listener;
mod socket;
mod websocket;

pub use listener::{NetLimits, Server, ServerOptions};
