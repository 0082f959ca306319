//! Projects for tests, and the program as a process.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

/// A project with these files.
pub(crate) fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Two modules with a call between them.
pub(crate) fn small_project() -> tempfile::TempDir {
    project(&[
        ("package.json", r#"{"name":"small"}"#),
        (
            "src/a.ts",
            "export function add(a: number, b: number) {\n  return a + b;\n}\n",
        ),
        ("src/b.ts", "import { add } from './a.js';\nadd(1, 2);\n"),
    ])
}

/// The program.
pub(crate) fn grafema(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("grafema-rs").unwrap();
    command.current_dir(folder).env("NO_COLOR", "1");
    command
}

/// Runs the program and gives exit code, standard output and standard error.
pub(crate) fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = grafema(folder).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// Runs the program, which must succeed, and gives standard output.
pub(crate) fn ok(folder: &Path, args: &[&str]) -> String {
    let (code, out, err) = run(folder, args);
    assert_eq!(code, 0, "{args:?}\n{out}\n{err}");
    out
}
