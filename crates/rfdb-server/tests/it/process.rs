//! The process: command line, readiness, signals, logs, and sudden death.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use rustix::process::Signal;

use crate::support::{Raw, TestServer, binary, json, wait_until};

#[test]
fn the_command_line_answers_by_itself() {
    let version = format!("rfdb-server {}\n", env!("CARGO_PKG_VERSION"));
    for arguments in [
        &["--version"][..],
        &["-V"],
        &["db", "--socket", "x", "--version"],
    ] {
        let output = binary().args(arguments).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), version);
        assert_eq!(output.status.code(), Some(0));
    }
    let output = binary().arg("--help").output().unwrap();
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with("Usage: rfdb-server <db-path>")
    );
    assert_eq!(output.status.code(), Some(0));
    let output = binary().output().unwrap();
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .starts_with("Usage: ")
    );
    assert!(output.stdout.is_empty());
    assert_eq!(output.status.code(), Some(1));
    let output = binary()
        .args(["--socket", "/tmp/x", "--data-dir", "/tmp"])
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .starts_with("Error: db-path '--socket' looks like a flag, not a path.")
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_prevents_the_start_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "no database").unwrap();
    let output = binary().arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("Error: ") && text.contains(file.to_str().unwrap()),
        "{text}"
    );
    assert!(!text.contains("panicked"), "{text}");
    // A file that is no socket stays.
    let output = binary()
        .arg(dir.path().join("g.rfdb"))
        .arg("--socket")
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "no database");
}

#[test]
fn a_running_server_keeps_its_database_and_its_socket() {
    let server = TestServer::start();
    // The same database at another socket.
    let other = server.path().join("other.sock");
    let output = binary()
        .arg(server.path().join("graph.rfdb"))
        .arg("--socket")
        .arg(&other)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    // It says where the database can be asked instead.
    assert!(text.contains(server.socket.to_str().unwrap()), "{text}");
    assert!(!other.exists());
    // Another database at the same socket.
    let output = binary()
        .arg(server.path().join("g2.rfdb"))
        .arg("--socket")
        .arg(&server.socket)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("already running"), "{text}");
    server.connect().ok(json!({"cmd": "ping"}));
}

#[test]
fn the_socket_is_private_and_its_directory_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("run/user/rfdb.sock");
    let mut child = binary()
        .arg(dir.path().join("deep/er/graph.rfdb"))
        .arg("--socket")
        .arg(&socket)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the socket appears", || socket.exists());
    // It listens from the moment on that it is there.
    let mut raw = Raw::new(std::os::unix::net::UnixStream::connect(&socket).unwrap());
    raw.ok(json!({"cmd": "ping"}));
    assert_eq!(
        std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        std::fs::metadata(socket.parent().unwrap())
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o700
    );
    assert!(dir.path().join("deep/er/graph.rfdb").is_dir());
    raw.ok(json!({"cmd": "shutdown"}));
    assert!(child.wait().unwrap().success());
}

/// Whether this process ignores a signal, and so those that it starts; not told where there is no `/proc`.
fn ignores(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal.as_raw() - 1) & 1 == 1)
}

#[test]
fn signals_flush_and_remove_the_socket() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut server = TestServer::start();
        let mut raw = server.connect();
        raw.ok(json!({"cmd": "addNodes", "nodes": [{"id": "a"}]}));
        let status = server.end(signal);
        assert_eq!(status.code(), Some(0));
        assert!(!server.socket.exists());
        assert!(raw.is_closed());
        let server = server.restart(&[]);
        assert_eq!(server.connect().ok(json!({"cmd": "nodeCount"}))["count"], 1);
    }
    // Who runs the tests under nohup has the server ignore it too.
    if ignores(Signal::HUP) {
        return;
    }
    let mut server = TestServer::start();
    let status = server.end(Signal::HUP);
    assert_eq!(status.signal(), Some(Signal::HUP.as_raw()));
    assert!(server.socket.exists());
    // What stays is recognised as nobody's.
    let server = server.restart_over_stale_socket(&[]);
    server.connect().ok(json!({"cmd": "ping"}));
}

#[test]
fn shutdown_answers_flushes_and_removes_the_socket() {
    let mut server = TestServer::start();
    let mut raw = server.connect();
    raw.ok(json!({"cmd": "addNodes", "nodes": [{"id": "a"}]}));
    assert_eq!(
        raw.ok(json!({"cmd": "shutdown", "requestId": "r1"})),
        json!({"ok": true, "requestId": "r1"})
    );
    assert_eq!(server.wait_end().code(), Some(0));
    assert!(!server.socket.exists());
    let server = server.restart(&[]);
    assert_eq!(server.connect().ok(json!({"cmd": "nodeCount"}))["count"], 1);
}

#[test]
fn a_closed_log_pipe_does_no_harm() {
    for format in ["text", "json"] {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("rfdb.sock");
        let mut child = binary()
            .arg(dir.path().join("graph.rfdb"))
            .args(["--log-format", format])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until("the socket appears", || socket.exists());
        drop(child.stderr.take());
        for _ in 0..20 {
            let mut raw = Raw::new(std::os::unix::net::UnixStream::connect(&socket).unwrap());
            raw.ok(json!({"cmd": "ping"}));
        }
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(!socket.exists());
    }
}

#[test]
fn a_log_pipe_that_nobody_reads_does_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("rfdb.sock");
    let mut child = binary()
        .arg(dir.path().join("graph.rfdb"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the socket appears", || socket.exists());
    // Two lines each: more than a pipe holds.
    for _ in 0..2000 {
        let mut raw = Raw::new(std::os::unix::net::UnixStream::connect(&socket).unwrap());
        raw.ok(json!({"cmd": "ping"}));
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn logs_are_lines_or_json() {
    let read = |format: &str| {
        let dir = tempfile::tempdir().unwrap();
        let mut child = binary()
            .arg(dir.path().join("graph.rfdb"))
            .args(["--log-format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let lines: Vec<_> = std::iter::from_fn(|| lines.next())
            .map(Result::unwrap)
            .take_while(|line| !line.contains("Listening on"))
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        let mut stdout = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        assert_eq!(stdout, "");
        lines
    };
    let lines = read("text");
    assert_eq!(
        lines[0],
        format!(
            "[rfdb-server] Starting rfdb-server v{}",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert!(lines[1].starts_with("[rfdb-server] Opening default database: \""));
    assert!(lines[2].starts_with("[rfdb-server] Data directory for multi-database: \""));
    assert_eq!(lines[3], "[rfdb-server] Default database: 0 nodes, 0 edges");
    for line in read("json") {
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["level"], "INFO");
        assert!(line["message"].is_string());
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let mut server = TestServer::start();
    for round in 0..5 {
        let mut writers = Vec::new();
        for writer in 0..3 {
            let mut raw = server.connect();
            writers.push(std::thread::spawn(move || {
                // Until the server dies: how many commits were acknowledged.
                use std::io::Write;
                let mut acknowledged = 0_u64;
                loop {
                    let file = format!("{round}-{writer}-{acknowledged}.js");
                    let nodes: Vec<_> = (0..20)
                        .map(|n| json!({"id": rfdb_protocol::hash_id(&format!("{file}#{n}")).to_string(), "file": file}))
                        .collect();
                    let request = if writer == 0 {
                        json!({"cmd": "commitBatch", "changedFiles": [file], "nodes": nodes, "edges": []})
                    } else {
                        json!({"cmd": "commitBatch", "owner": {"file": file}, "nodes": nodes, "edges": [],
                            "deferIndex": writer == 2})
                    };
                    let frame = crate::support::framed(&crate::support::pack(&request));
                    if raw.stream.write_all(&frame).is_err() {
                        return acknowledged;
                    }
                    match raw.receive_bytes() {
                        Some(bytes) => {
                            let answer: serde_json::Value = rmp_serde::from_slice(&bytes).unwrap();
                            assert_eq!(answer["ok"], true, "{answer}");
                            acknowledged += 1;
                        }
                        None => return acknowledged,
                    }
                }
            }));
        }
        std::thread::sleep(std::time::Duration::from_millis(60 + 40 * round));
        let status = server.end(Signal::KILL);
        assert_eq!(status.signal(), Some(9));
        let acknowledged: Vec<_> = writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect();
        server = server.restart(&[]);
        let mut raw = server.connect();
        for (writer, count) in acknowledged.into_iter().enumerate() {
            for commit in 0..count {
                let file = format!("{round}-{writer}-{commit}.js");
                let ids =
                    raw.ok(json!({"cmd": "findByAttr", "query": {"file": file}}))["ids"].clone();
                assert_eq!(ids.as_array().unwrap().len(), 20, "{file}");
            }
        }
    }
}
