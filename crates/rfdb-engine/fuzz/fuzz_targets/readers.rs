//! Any bytes as a block, an index or a manifest: an error, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rfdb_engine::fuzzing::read_all(data));
