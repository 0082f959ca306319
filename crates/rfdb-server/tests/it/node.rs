//! A client in JavaScript, written from the protocol's specification, against the server.

use std::path::Path;
use std::process::Command;

use crate::support::TestServer;

#[test]
fn the_client_written_from_the_specification_works() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    let available = Command::new("node")
        .args([
            "--input-type=module",
            "-e",
            "await import('@msgpack/msgpack')",
        ])
        .current_dir(&directory)
        .output()
        .is_ok_and(|output| output.status.success());
    if !available {
        println!(
            "note: skipped, because node or its package @msgpack/msgpack is missing; `npm install` in {} provides it",
            directory.display()
        );
        return;
    }
    let server = TestServer::start();
    let output = Command::new("node")
        .arg("test.mjs")
        .arg(&server.socket)
        .current_dir(&directory)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("ok thousands of requests ahead"), "{text}");
}
