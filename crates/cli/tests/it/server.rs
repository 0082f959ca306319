//! The server of a project, and commands that find it.

use std::fs;
use std::path::Path;

use crate::common::{ok, run, small_project};

/// Stops the server of a project when a test ends, however it ends.
struct Stop<'a>(&'a Path);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        let _ = crate::common::grafema(self.0)
            .args(["server", "stop"])
            .output();
    }
}

fn status(root: &Path) -> serde_json::Value {
    serde_json::from_str(&ok(root, &["server", "status", "--json"])).unwrap()
}

#[test]
fn an_analysis_into_a_server_gives_the_same_graph() {
    let folder = small_project();
    let root = folder.path();
    ok(root, &["analyze", "--quiet"]);
    let embedded = ok(root, &["export"]);
    let stats = ok(root, &["stats"]);
    ok(root, &["server", "start"]);
    let _stop = Stop(root);
    // Every command finds the server by the lock.
    assert_eq!(ok(root, &["export"]), embedded);
    assert_eq!(ok(root, &["stats"]), stats);
    ok(root, &["analyze", "--clear", "--quiet"]);
    assert_eq!(ok(root, &["export"]), embedded);
    // What the server got is there without it.
    ok(root, &["server", "stop"]);
    assert_eq!(ok(root, &["export"]), embedded);

    // Into another database, by its socket.
    ok(root, &["server", "start"]);
    let socket = root.join(".grafema/rfdb.sock");
    let socket = socket.to_str().unwrap();
    let other = small_project();
    ok(
        other.path(),
        &[
            "analyze",
            "--quiet",
            "--socket",
            socket,
            "--database",
            "other",
        ],
    );
    assert!(!other.path().join(".grafema").exists());
    // The graph that stands in a place of its own is found by its lock too.
    let apart = root.join(".grafema/other.rfdb");
    assert!(apart.is_dir());
    fs::create_dir_all(other.path().join(".grafema")).unwrap();
    std::os::unix::fs::symlink(&apart, other.path().join(".grafema/graph.rfdb")).unwrap();
    assert_eq!(ok(other.path(), &["export"]), embedded);
    assert_eq!(ok(root, &["export"]), embedded);
}

#[test]
fn a_server_starts_and_stops() {
    let folder = small_project();
    let root = folder.path();
    assert_eq!(
        ok(root, &["server", "status"]),
        "the server is not running\n"
    );
    assert_eq!(ok(root, &["server", "stop"]), "the server is not running\n");
    ok(root, &["analyze", "--quiet"]);
    let _stop = Stop(root);
    let started = ok(root, &["server", "start"]);
    assert!(
        started.contains("is running") && started.contains("rfdb.sock"),
        "{started}"
    );
    let first = status(root);
    assert_eq!(first["running"], true);
    assert_eq!(first["initialized"], true);
    assert!(first["nodeCount"].as_u64().unwrap() > 5);
    let pid = fs::read_to_string(root.join(".grafema/rfdb.pid")).unwrap();
    assert_eq!(first["pid"].to_string(), pid.trim());
    assert!(ok(root, &["server", "start"]).contains("already running"));
    assert!(ok(root, &["server", "restart"]).contains("is running"));
    let second = status(root);
    assert_ne!(first["pid"], second["pid"]);
    assert_eq!(first["nodeCount"], second["nodeCount"]);
    assert!(ok(root, &["server", "stop"]).contains("stopped"));
    assert!(!root.join(".grafema/rfdb.sock").exists());
    assert!(!root.join(".grafema/rfdb.pid").exists());
    assert_eq!(status(root)["running"], false);
    // One that cannot start says why.
    let (code, _, err) = run(root, &["server", "start", "--", "--ws-port", "0"]);
    assert_eq!(code, 1);
    assert!(err.contains("ended at its start"), "{err}");
}

#[test]
fn datalog_on_the_command_line() {
    let folder = small_project();
    let root = folder.path();
    ok(root, &["analyze", "--quiet"]);
    let rule = r#"q(N, G) :- node(C, "CALL"), attr(C, "name", N), edge(C, G, "CALLS")."#;
    let out = ok(root, &["datalog", rule]);
    assert_eq!(out, "N    G\nadd  src/a.ts->FUNCTION->add\n1 row\n");
    let json: serde_json::Value =
        serde_json::from_str(&ok(root, &["datalog", "--json", rule])).unwrap();
    assert_eq!(json[0]["N"], "add");
    assert!(ok(root, &["datalog", "--explain", rule]).contains("nodes by type"));
    assert_eq!(ok(root, &["datalog", r#"node(_, "CALL")"#]), "yes\n");
    let (code, out, err) = run(root, &["datalog", r#"node(X, "CALLS")"#]);
    assert_eq!((code, out.as_str()), (0, "0 rows\n"));
    assert!(
        err.contains("did you mean \"CALL\"?") && err.contains("does not hold"),
        "{err}"
    );
    let (code, _, err) = run(root, &["datalog", "q(X) :- nod(X"]);
    assert_eq!(code, 1);
    assert!(err.contains("1 | q(X) :- nod(X\n"), "{err}");
    let rule = r#"violation(F) :- node(F, "FUNCTION"), \+ edge(_, F, "CALLS")."#;
    assert_eq!(ok(root, &["datalog", "--guarantee", rule]), "0 rows\n");
    fs::write(
        root.join("rule.dl"),
        r#"violation(F) :- node(F, "FUNCTION")."#,
    )
    .unwrap();
    let (code, out, _) = run(root, &["datalog", "--guarantee", "--file", "rule.dl"]);
    assert_eq!(
        (code, out.as_str()),
        (1, "X\nsrc/a.ts->FUNCTION->add\n1 row\n")
    );
}
