//! What the fuzz targets do for hours, for a moment: a live server and any bytes.

use std::io::Write;

use proptest::prelude::*;

use crate::support::{TestServer, framed, json};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_end_the_server(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8),
        rest in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        // One server for all cases.
        static SERVER: std::sync::LazyLock<TestServer> = std::sync::LazyLock::new(TestServer::start);
        let mut raw = SERVER.connect();
        let mut bytes: Vec<u8> = frames.iter().flat_map(|frame| framed(frame)).collect();
        bytes.extend_from_slice(&rest);
        raw.stream.write_all(&bytes).unwrap();
        raw.stream.shutdown(std::net::Shutdown::Write).unwrap();
        for _ in &frames {
            let answer = raw.receive();
            prop_assert!(answer.get("error").is_some() || answer.get("ok").is_some() || answer.is_object());
        }
        drop(raw);
        prop_assert_eq!(&SERVER.connect().call(json!({"cmd": "ping"}))["pong"], &json!(true));
    }
}
