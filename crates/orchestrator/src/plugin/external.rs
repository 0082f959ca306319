//! Plugins that are programs: the module graph on standard input, nodes and edges on standard output, as JSON lines.
//!
//! In: `{"kind":"module","id","file"}` for each module, then `{"kind":"edge","type","src","dst"}` for each dependency between
//! modules. Out: `{"kind":"node","file","type","name","line","column","metadata"}`, `{"kind":"edge","type","src","dst",
//! "metadata"}` with ids as texts, and `{"kind":"diagnostic","file","line","column","code","message"}`. A node is contained by
//! the module of its file. What the program writes to standard error is told if it fails.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use graph_model::{Diagnostic, EdgeType, NodeId, Place, Severity};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::{
    EnrichmentPlugin, Metadata, Plugin, PluginError, ProgramContext, Rows, ValidationContext,
    ValidationPlugin,
};
use crate::Phase;
use crate::cache::interned;
use crate::config::PluginConfig;

/// How often a waiting run looks whether it was told to stop.
const POLL: Duration = Duration::from_millis(50);
/// So much of what a program wrote to standard error is told.
const TOLD: usize = 400;

/// A program as a plugin.
#[derive(Debug, Clone)]
pub struct ExternalPlugin {
    name: String,
    command: Vec<String>,
    timeout: Duration,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line {
    Node {
        file: String,
        r#type: String,
        name: String,
        #[serde(default = "first_line")]
        line: u32,
        #[serde(default)]
        column: u32,
        #[serde(default)]
        metadata: serde_json::Map<String, serde_json::Value>,
    },
    Edge {
        r#type: String,
        src: String,
        dst: String,
        #[serde(default)]
        metadata: serde_json::Map<String, serde_json::Value>,
    },
    Diagnostic {
        #[serde(default)]
        file: String,
        line: Option<u32>,
        #[serde(default)]
        column: u32,
        code: String,
        message: String,
    },
}

fn first_line() -> u32 {
    1
}

impl ExternalPlugin {
    /// The plugin that a configuration names, if it is a program.
    #[must_use]
    pub fn of(config: &PluginConfig) -> Option<Self> {
        Some(ExternalPlugin {
            name: config.name.clone(),
            command: config.command.clone()?,
            timeout: config.timeout,
        })
    }

    fn run(&self, cx: &ProgramContext<'_>, rows: &mut Rows) -> Result<(), PluginError> {
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| PluginError::new("its command is empty"))?;
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(&cx.program.root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| PluginError(format!("cannot start `{program}`: {e}")))?;
        let result = self.talk(cx, rows, &mut child);
        if result.is_err() {
            // It may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
        result
    }

    fn talk(
        &self,
        cx: &ProgramContext<'_>,
        rows: &mut Rows,
        child: &mut Child,
    ) -> Result<(), PluginError> {
        let missing = || PluginError::new("its standard streams cannot be opened");
        let mut stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let mut stderr = child.stderr.take().ok_or_else(missing)?;
        let input = module_graph(cx);
        std::thread::spawn(move || {
            // A program that does not read all of it needs no more of it.
            let _ = stdin.write_all(input.as_bytes());
        });
        let (send_errors, errors) = channel();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            let _ = send_errors.send(String::from_utf8_lossy(&text).into_owned());
        });
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let end = Instant::now() + self.timeout;
        let too_long = || PluginError(format!("it took longer than {:.0?}", self.timeout));
        let mut number = 0;
        loop {
            match lines.recv_timeout(POLL) {
                Ok(line) => {
                    number += 1;
                    let line =
                        line.map_err(|e| PluginError(format!("its output cannot be read: {e}")))?;
                    if !line.trim().is_empty() {
                        let wrong =
                            |e: String| PluginError(format!("line {number} of its output: {e}"));
                        let line = serde_json::from_str(&line).map_err(|e| wrong(e.to_string()))?;
                        take(line, cx, rows).map_err(|e| wrong(e.0))?;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if cx.cancellation.is_cancelled() {
                return Err(PluginError::new("the run was stopped"));
            }
            if Instant::now() > end {
                return Err(too_long());
            }
        }
        // Its output has ended; now it has to.
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() > end => return Err(too_long()),
                Ok(None) => std::thread::sleep(Duration::from_millis(2)),
                Err(e) => return Err(PluginError(format!("it cannot be waited for: {e}"))),
            }
        };
        if !status.success() {
            let told = errors.recv_timeout(POLL).unwrap_or_default();
            let told: String = told.trim().chars().take(TOLD).collect();
            return Err(PluginError(format!("it ended with {status}: {told}")));
        }
        Ok(())
    }
}

fn take(line: Line, cx: &ProgramContext<'_>, rows: &mut Rows) -> Result<(), PluginError> {
    let text = |metadata| serde_json::Value::Object(metadata).to_string();
    match line {
        Line::Node {
            file,
            r#type,
            name,
            line,
            column,
            metadata,
        } => {
            let module = cx
                .program
                .find(&file)
                .ok_or_else(|| PluginError(format!("there is no module {file}")))?;
            let node = rows.node(&file, &r#type, &name, (line, column), &text(metadata))?;
            let module = cx.program.module(module).summary.module().node_id();
            rows.edge(module, EdgeType::Contains.as_str(), node, "");
        }
        Line::Edge {
            r#type,
            src,
            dst,
            metadata,
        } => rows.edge(NodeId::of(&src), &r#type, NodeId::of(&dst), &text(metadata)),
        Line::Diagnostic {
            file,
            line,
            column,
            code,
            message,
        } => cx.reporter.report(Diagnostic {
            file,
            place: line.map(|line| Place {
                line,
                column,
                offset: None,
                length: 0,
            }),
            code: interned(&code),
            severity: Severity::Warning,
            message,
        }),
    }
    Ok(())
}

/// Modules, and what they depend on.
fn module_graph(cx: &ProgramContext<'_>) -> String {
    let modules = cx.program.modules();
    let mut ids = FxHashMap::default();
    let mut text = String::new();
    let mut line = |value: serde_json::Value| {
        text.push_str(&value.to_string());
        text.push('\n');
    };
    for module in modules {
        let id = module.summary.semantic_id(graph_model::summary::NodeRef(0));
        line(serde_json::json!({"kind": "module", "id": id, "file": module.file()}));
        ids.insert(module.summary.module().node_id(), id);
    }
    for links in &cx.links.files {
        for edge in links.edges() {
            if edge.edge_type == EdgeType::DependsOn
                && let (Some(src), Some(dst)) = (ids.get(&edge.src), ids.get(&edge.dst))
            {
                line(
                    serde_json::json!({"kind": "edge", "type": "DEPENDS_ON", "src": src, "dst": dst}),
                );
            }
        }
    }
    text
}

impl Plugin for ExternalPlugin {
    fn metadata(&self) -> Metadata {
        Metadata::new(&self.name)
    }
}

impl EnrichmentPlugin for ExternalPlugin {
    fn enrich(&self, cx: &ProgramContext<'_>, rows: &mut Rows) -> Result<(), PluginError> {
        self.run(cx, rows)
    }
}

impl ValidationPlugin for ExternalPlugin {
    fn validate(&self, cx: &ValidationContext<'_>) -> Result<(), PluginError> {
        let mut rows = Rows::new(&self.name, Phase::Validation);
        self.run(cx.program, &mut rows)?;
        if rows.nodes() > 0 {
            return Err(PluginError::new("a validation plugin cannot add nodes"));
        }
        Ok(())
    }
}
