//! What the fuzz targets do for hours, for a moment: a live server and any bytes.

use std::io::Write;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{TestServer, framed, json};

#[test]
fn no_bytes_end_the_server() {
    let server = TestServer::start();
    let frames = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8);
    let rest = prop::collection::vec(any::<u8>(), 0..8);
    let config = Config {
        cases: 64,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&(frames, rest), |(frames, rest)| {
            let mut raw = server.connect();
            let mut bytes: Vec<u8> = frames.iter().flat_map(|frame| framed(frame)).collect();
            bytes.extend_from_slice(&rest);
            raw.stream.write_all(&bytes).unwrap();
            raw.stream.shutdown(std::net::Shutdown::Write).unwrap();
            for _ in &frames {
                prop_assert!(raw.receive().is_object());
            }
            drop(raw);
            let pong = server.connect().call(json!({"cmd": "ping"}));
            prop_assert_eq!(&pong["pong"], &json!(true));
            Ok(())
        })
        .unwrap();
}
