//! The engine against a model of it, and what becomes of its files.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod bad_input;
mod coded_rows;
mod common;
mod concurrency;
mod crash;
mod damage;
mod durability;
mod hazards;
mod model;
mod queries;
