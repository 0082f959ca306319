//! Limits and cancellation of queries, with an evaluator that never comes to its end by itself.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rfdb_protocol::{Response, WireError};
use rfdb_server::datalog::{Budget, Evaluator, Form, Question};
use rfdb_server::{Config, Dispatcher, Limits, NetLimits, Server, ServerOptions};

use crate::support::{Raw, json, wait_until};

/// Answers programs at once and runs queries until they are told to end.
#[derive(Debug, Default)]
struct Endless {
    /// Queries that have begun.
    begun: AtomicU64,
}

impl Evaluator for Endless {
    fn evaluate(
        &self,
        snapshot: &rfdb_engine::Snapshot,
        question: Question<'_>,
        form: Form,
        budget: &Budget<'_>,
    ) -> Result<Response, WireError> {
        if let Question::Program(_) = question {
            assert_eq!(snapshot.node_count().unwrap(), 0);
            return Ok(if form.explain {
                Response::Explained(Box::default())
            } else {
                Response::Results {
                    results: vec![],
                    warnings: vec![],
                }
            });
        }
        if let Question::Guarantee(source) = question {
            assert_ne!(source, "panic", "as asked");
            return Ok(Response::Violations {
                violations: vec![],
                warnings: vec![],
            });
        }
        self.begun.fetch_add(1, Ordering::Relaxed);
        loop {
            budget.check()?;
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn count_rules(&self, program: &str) -> Result<u64, WireError> {
        Ok(program.matches('.').count() as u64)
    }
}

/// A server in this process, which ends with the value.
struct Served {
    _dir: tempfile::TempDir,
    socket: PathBuf,
    evaluator: Arc<Endless>,
    stop: Box<dyn Fn() + Send + Sync>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    fn start(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("rfdb.sock");
        let evaluator = Arc::new(Endless::default());
        let dispatcher = Dispatcher::in_memory(Config {
            limits,
            evaluator: Some(evaluator.clone()),
            ..Config::default()
        });
        let options = ServerOptions {
            socket: socket.clone(),
            ws_port: None,
            limits: NetLimits::default(),
        };
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let server = Server::bind(dispatcher, options).await.unwrap();
                sender.send(server.stopper()).unwrap();
                server.run().await.unwrap();
            });
        });
        let stop = Box::new(receiver.recv().unwrap());
        Self {
            _dir: dir,
            socket,
            evaluator,
            stop,
            thread: Some(thread),
        }
    }

    fn wait_for_a_query(&self) {
        wait_until("the query runs", || {
            self.evaluator.begun.load(Ordering::Relaxed) > 0
        });
    }

    fn connect(&self) -> Raw {
        Raw::new(UnixStream::connect(&self.socket).unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        (self.stop)();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn a_query_is_cancelled_running_or_waiting() {
    let server = Served::start(Limits::default());
    let mut raw = server.connect();
    raw.send(&json!({"cmd": "datalogQuery", "query": "q", "requestId": "r1"}));
    raw.send(&json!({"cmd": "ping", "requestId": "r2"}));
    raw.send(&json!({"cmd": "datalogQuery", "query": "q", "requestId": "r3"}));
    server.wait_for_a_query();
    // Another connection is not held up, and cannot cancel this one's query.
    let mut other = server.connect();
    other.ok(json!({"cmd": "cancelQuery", "requestId": "r9", "target": "r1"}));
    other.ok(json!({"cmd": "nodeCount"}));
    raw.send(&json!({"cmd": "cancelQuery", "requestId": "r3"}));
    raw.send(&json!({"cmd": "cancelQuery", "requestId": "r4", "target": "r1"}));
    // Order is kept.
    let answer = raw.receive();
    assert_eq!(
        (&answer["requestId"], &answer["code"]),
        (&json!("r1"), &json!("QUERY_CANCELLED"))
    );
    assert_eq!(raw.receive()["requestId"], "r2");
    let answer = raw.receive();
    assert_eq!(
        (&answer["requestId"], &answer["code"]),
        (&json!("r3"), &json!("QUERY_CANCELLED"))
    );
    assert_eq!(raw.receive(), json!({"ok": true, "requestId": "r3"}));
    assert_eq!(raw.receive(), json!({"ok": true, "requestId": "r4"}));
    // The next one is not cancelled by what came before.
    assert_eq!(
        raw.ok(json!({"cmd": "executeDatalog", "source": "p."}))["results"],
        json!([])
    );
}

#[test]
fn a_query_that_takes_too_long_ends_with_a_code() {
    let server = Served::start(Limits {
        query_time: Some(Duration::from_millis(50)),
        ..Limits::default()
    });
    let mut raw = server.connect();
    assert_eq!(
        raw.fails(json!({"cmd": "datalogQuery", "query": "q"})).0,
        "QUERY_TIMEOUT"
    );
    // Also for a client that has closed its side.
    raw.send(&json!({"cmd": "datalogQuery", "query": "q"}));
    raw.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(raw.receive()["code"], "QUERY_TIMEOUT");
    assert!(raw.is_closed());
}

#[test]
fn answers_of_the_query_language_have_their_shapes() {
    let server = Served::start(Limits::default());
    let mut raw = server.connect();
    assert_eq!(
        raw.ok(json!({"cmd": "executeDatalog", "source": "p."})),
        json!({"results": []})
    );
    assert_eq!(
        raw.ok(json!({"cmd": "checkGuarantee", "ruleSource": "p."})),
        json!({"violations": []})
    );
    assert_eq!(
        raw.ok(json!({"cmd": "datalogLoadRules", "source": "p. q."})),
        json!({"count": 2})
    );
    let explained = raw.ok(json!({"cmd": "executeDatalog", "source": "p.", "explain": true}));
    for key in ["bindings", "stats", "profile", "explainSteps", "warnings"] {
        assert!(explained.get(key).is_some(), "{key}");
    }
    // A panic in the evaluator is an error of this query and of nothing else.
    assert_eq!(
        raw.fails(json!({"cmd": "checkGuarantee", "ruleSource": "panic"}))
            .0,
        "INTERNAL_ERROR"
    );
    raw.ok(json!({"cmd": "ping"}));
}

#[test]
fn a_running_query_does_not_hold_up_the_end() {
    let server = Served::start(Limits::default());
    let mut raw = server.connect();
    raw.send(&json!({"cmd": "datalogQuery", "query": "q"}));
    server.wait_for_a_query();
    drop(server);
    assert_eq!(raw.receive()["code"], "QUERY_CANCELLED");
    assert!(raw.is_closed());
}
