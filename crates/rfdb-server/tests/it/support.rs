//! A running server and a connection that knows nothing but frames.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) use serde_json::{Value, json};

/// A server process of the binary under test. Dropping it kills it.
pub(crate) struct TestServer {
    pub(crate) child: Child,
    pub(crate) socket: PathBuf,
    pub(crate) dir: tempfile::TempDir,
}

pub(crate) fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rfdb-server"))
}

/// Waits until something holds, for a generous time.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl TestServer {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(flags: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), flags)
    }

    pub(crate) fn start_in(dir: tempfile::TempDir, flags: &[&str]) -> Self {
        let socket = dir.path().join("rfdb.sock");
        // After a crash the file of the server before is still there.
        let stale = socket.exists();
        let child = binary()
            .arg(dir.path().join("graph.rfdb"))
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child, socket, dir };
        server.wait_ready(stale);
        server
    }

    /// As all clients do: the file is there, so the server is ready.
    fn wait_ready(&mut self, stale: bool) {
        wait_until("the socket appears", || {
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "the server ended at its start"
            );
            self.socket.exists() && (!stale || UnixStream::connect(&self.socket).is_ok())
        });
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn connect(&self) -> Raw {
        Raw::new(UnixStream::connect(&self.socket).unwrap())
    }

    /// A connection with a database of its own.
    pub(crate) fn ephemeral(&self, name: &str) -> Raw {
        let mut raw = self.connect();
        raw.ok(json!({"cmd": "createDatabase", "name": name, "ephemeral": true}));
        raw.ok(json!({"cmd": "openDatabase", "name": name}));
        raw
    }

    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Sends a signal and gives the exit status.
    pub(crate) fn end(&mut self, signal: rustix::process::Signal) -> std::process::ExitStatus {
        rustix::process::kill_process(self.pid(), signal).unwrap();
        self.wait_end()
    }

    pub(crate) fn wait_end(&mut self) -> std::process::ExitStatus {
        let mut status = None;
        wait_until("the server ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Starts a new process over the same directory.
    pub(crate) fn restart(mut self, flags: &[&str]) -> Self {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // So that its appearance says that the new one is ready.
        let _ = std::fs::remove_file(&self.socket);
        self.restart_over_stale_socket(flags)
    }

    /// As [`restart`](Self::restart), with what the process before left behind.
    pub(crate) fn restart_over_stale_socket(mut self, flags: &[&str]) -> Self {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap());
        Self::start_in(dir, flags)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that sends and receives frames.
pub(crate) struct Raw {
    pub(crate) stream: UnixStream,
}

pub(crate) fn pack(value: &Value) -> Vec<u8> {
    rmp_serde::to_vec_named(value).unwrap()
}

pub(crate) fn framed(content: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(content);
    frame
}

impl Raw {
    pub(crate) fn new(stream: UnixStream) -> Self {
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self { stream }
    }

    pub(crate) fn send_bytes(&mut self, content: &[u8]) {
        self.stream.write_all(&framed(content)).unwrap();
    }

    pub(crate) fn send(&mut self, request: &Value) {
        self.send_bytes(&pack(request));
    }

    /// The next frame, or nothing at the end of the stream.
    pub(crate) fn receive_bytes(&mut self) -> Option<Vec<u8>> {
        let mut header = [0; 4];
        match self.stream.read_exact(&mut header) {
            Ok(()) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset
                ) =>
            {
                return None;
            }
            Err(error) => panic!("no answer: {error}"),
        }
        let mut content = vec![0; u32::from_be_bytes(header) as usize];
        self.stream.read_exact(&mut content).unwrap();
        Some(content)
    }

    pub(crate) fn receive(&mut self) -> Value {
        let bytes = self
            .receive_bytes()
            .expect("the server closed the connection");
        rmp_serde::from_slice(&bytes).unwrap()
    }

    pub(crate) fn call(&mut self, request: Value) -> Value {
        self.send(&request);
        self.receive()
    }

    /// Sends a request that must succeed.
    pub(crate) fn ok(&mut self, request: Value) -> Value {
        let answer = self.call(request.clone());
        assert!(answer.get("error").is_none(), "{request} -> {answer}");
        answer
    }

    /// Sends a request that must fail, and gives its code and text.
    pub(crate) fn fails(&mut self, request: Value) -> (String, String) {
        let answer = self.call(request.clone());
        let text = |key: &str| {
            answer
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_else(|| panic!("{request} -> {answer}"))
                .to_owned()
        };
        (text("code"), text("error"))
    }

    /// Whether the server has closed the connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.receive_bytes().is_none()
    }
}

/// A list of strings, sorted, for answers whose order means nothing.
pub(crate) fn sorted(list: &Value) -> Vec<String> {
    let mut texts: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect();
    texts.sort();
    texts
}

/// Edges as `src type dst`, sorted.
pub(crate) fn edge_texts(answer: &Value) -> Vec<String> {
    let mut texts: Vec<_> = answer["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| {
            format!(
                "{} {} {}",
                edge["src"].as_str().unwrap(),
                edge["edgeType"].as_str().unwrap(),
                edge["dst"].as_str().unwrap()
            )
        })
        .collect();
    texts.sort();
    texts
}
