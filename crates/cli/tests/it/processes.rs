//! The program as a process among others: killed, piped, and beside itself.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{ok, project, run};

/// Modules that import each other; enough that an analysis takes a while.
fn large_project(modules: usize) -> tempfile::TempDir {
    let files: Vec<(String, String)> = (0..modules)
        .map(|i| {
            let functions: String = (0..40)
                .map(|f| format!("export function f{f}(a, b) {{\n  const c = g{f}(a) + [b, {{ x: a }}].length;\n  return c;\n}}\nfunction g{f}(x) {{ return x ? f{f}(x - 1, {i}) : {f}; }}\n"))
                .collect();
            let import = format!("import {{ f0 as other }} from './m{}.js';\nother(1, 2);\n", (i + 1) % modules);
            (format!("src/m{i}.js"), format!("{import}{functions}"))
        })
        .collect();
    let mut all: Vec<(&str, &str)> = files
        .iter()
        .map(|(p, t)| (p.as_str(), t.as_str()))
        .collect();
    all.push(("package.json", r#"{"name":"large"}"#));
    project(&all)
}

fn spawn(folder: &Path, args: &[&str]) -> std::process::Child {
    Command::new(assert_cmd::cargo::cargo_bin("grafema-rs"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Kills `analyze --clear` as soon as ANALYSIS and the load beside the old graph have begun.
fn kill_in_the_middle(folder: &Path) {
    let mut child = spawn(folder, &["analyze", "--clear"]);
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let indexed = lines
        .map_while(Result::ok)
        .any(|line| line.starts_with("INDEXING"));
    assert!(indexed, "no phase was told");
    let staged = folder.join(".grafema/graph.rfdb.new");
    while !staged.is_dir() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    assert!(
        !child.wait().unwrap().success(),
        "the analysis ended before it was killed"
    );
}

#[test]
fn an_analysis_that_is_killed_leaves_the_graph_as_it_was() {
    let folder = large_project(40);
    let root = folder.path();
    ok(root, &["analyze", "--quiet"]);
    let undisturbed = ok(root, &["export"]);
    for analyze in [
        &["analyze", "--quiet"][..],
        &["analyze", "--clear", "--quiet"],
    ] {
        kill_in_the_middle(root);
        // Questions are answered from the old graph, but say so, and the next run goes on from it.
        assert_eq!(ok(root, &["export"]), undisturbed);
        for question in [&["stats"][..], &["query", "f1"]] {
            let (code, _, err) = run(root, question);
            assert_eq!(code, 0, "{err}");
            assert!(
                err.contains("the last analysis of") && err.contains("did not finish"),
                "{err}"
            );
            assert!(err.contains("grafema-rs analyze --clear"), "{err}");
        }
        assert!(ok(root, &["stats", "--json"]).contains("\"lastAnalysisStopped\": true"));
        ok(root, analyze);
        assert_eq!(ok(root, &["export"]), undisturbed);
        assert!(!root.join(".grafema/graph.rfdb.new").exists());
        assert_eq!(run(root, &["stats"]).2, "");
    }
}

#[test]
fn a_graph_that_was_replaced_is_deleted() {
    let folder = project(&[("a.js", "export const a = 1;")]);
    let root = folder.path();
    let replaced = root.join(".grafema/graph.rfdb.old");
    for analyze in [
        &["analyze", "--quiet"][..],
        &["analyze", "--clear", "--quiet"],
    ] {
        ok(root, analyze);
        assert!(!replaced.exists());
        assert!(!root.join(".grafema/graph.rfdb.new").exists());
    }
    // Whoever was killed while it deleted left something behind.
    std::fs::create_dir_all(&replaced).unwrap();
    std::fs::write(replaced.join("LOCK"), "").unwrap();
    ok(root, &["analyze", "--quiet"]);
    assert!(!replaced.exists());
}

#[test]
fn a_first_analysis_that_is_killed_is_not_taken_for_an_empty_graph() {
    let folder = large_project(40);
    let root = folder.path();
    kill_in_the_middle(root);
    let (code, _, err) = run(root, &["stats"]);
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("did not finish") && err.contains("grafema-rs analyze --clear"),
        "{err}"
    );
    ok(root, &["analyze", "--quiet"]);
    ok(root, &["stats"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_in_good_order() {
    let folder = large_project(60);
    let root = folder.path();
    ok(root, &["analyze", "--quiet"]);
    let undisturbed = ok(root, &["export"]);
    let mut child = spawn(root, &["analyze", "--clear"]);
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("INDEXING")));
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest:?}");
    assert!(
        rest.iter()
            .any(|line| line.contains("the graph is as it was before")),
        "{rest:?}"
    );
    assert!(!root.join(".grafema/graph.rfdb.new").exists());
    assert_eq!(ok(root, &["export"]), undisturbed);
}

#[test]
fn watching_sees_an_edit() {
    let folder = large_project(3);
    let root = folder.path();
    let mut child = spawn(root, &["analyze", "--watch"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(
        lines.any(|line| line.starts_with("graph ")),
        "the first run is told"
    );
    // An editor's way of saving: a temporary file takes the place of the old one.
    std::fs::write(root.join("src/.m1.js.swp"), "export const edited = 1;").unwrap();
    std::fs::rename(root.join("src/.m1.js.swp"), root.join("src/m1.js")).unwrap();
    let told = lines.next().unwrap_or_default();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(told.contains("1 changed (src/m1.js)"), "{told}");
    let watched = ok(root, &["export"]);
    ok(root, &["analyze", "--clear"]);
    assert_eq!(ok(root, &["export"]), watched);
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let folder = large_project(20);
    ok(folder.path(), &["analyze", "--quiet"]);
    for args in [&["export"][..], &["query", "f1", "--json"], &["stats"]] {
        let mut child = spawn(folder.path(), args);
        let mut first = [0_u8; 1];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && err.is_empty(), "{args:?}: {err}");
    }
}

#[test]
fn a_second_analysis_beside_a_running_one_is_told_who_holds_the_graph() {
    let folder = large_project(40);
    let root = folder.path();
    let mut first = spawn(root, &["analyze", "--clear"]);
    let lines = BufReader::new(first.stderr.take().unwrap()).lines();
    assert!(
        lines
            .map_while(Result::ok)
            .any(|line| line.starts_with("INDEXING"))
    );
    let (code, out, err) = run(root, &["analyze", "--no-wait"]);
    let first_runs = first.try_wait().unwrap().is_none();
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(
        first_runs,
        "the first analysis ended too early for this test"
    );
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(
        err.contains("in use by grafema-rs analyze") && err.contains("pid"),
        "{err}"
    );
}

#[test]
fn a_second_analysis_waits_for_the_first() {
    let folder = large_project(40);
    let root = folder.path();
    for killed in [false, true] {
        let mut first = spawn(root, &["analyze", "--clear"]);
        let mut lines = BufReader::new(first.stderr.take().unwrap())
            .lines()
            .map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("INDEXING")));
        let mut second = spawn(root, &["analyze"]);
        let mut told = BufReader::new(second.stderr.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let waiting = format!("waiting for grafema-rs analyze (pid {})", first.id());
        let waits = told.any(|line| line.contains(&waiting));
        if killed {
            first.kill().unwrap();
        }
        let rest: Vec<String> = lines.collect();
        assert_eq!(first.wait().unwrap().success(), !killed, "{rest:?}");
        let rest: Vec<String> = told.collect();
        assert!(second.wait().unwrap().success(), "{rest:?}");
        assert!(waits, "the first analysis ended too early for this test");
        let graph = ok(root, &["export"]);
        ok(root, &["analyze", "--clear", "--quiet"]);
        assert_eq!(ok(root, &["export"]), graph);
    }
}

/// The allocator has something to say of processors that a process may not run on, unless it is told how many there can be.
#[cfg(target_os = "linux")]
#[test]
fn a_process_that_may_not_run_on_all_processors_says_nothing_of_it() {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let folder = crate::common::small_project();
    let path = folder.path().to_owned();
    // What a thread may run on is what the processes that it starts may run on.
    let ran = std::thread::spawn(move || {
        let all = sched_getaffinity(None).unwrap();
        let last = (0..CpuSet::MAX_CPU).rfind(|&cpu| all.is_set(cpu)).unwrap();
        let mut one = CpuSet::new();
        one.set(last);
        sched_setaffinity(None, &one).unwrap();
        run(&path, &["analyze", "--clear", "--quiet"])
    });
    assert_eq!(ran.join().unwrap(), (0, String::new(), String::new()));
}
