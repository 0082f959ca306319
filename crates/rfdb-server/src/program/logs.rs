//! The log on stderr. Nothing that happens to stderr may harm the server: clients start it with their own stderr and
//! leave, so that the pipe breaks; others never read it, so that it fills up. A thread of its own writes the lines, failures
//! are passed over, and lines that it cannot keep up with are dropped.

use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::args::LogFormat;

/// Lines that may wait.
const WAITING: usize = 1024;

enum Line {
    Text(Vec<u8>),
    /// Says when everything before it is written.
    Mark(SyncSender<()>),
}

#[derive(Clone)]
struct Sender(SyncSender<Line>);

impl Write for Sender {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = self.0.try_send(Line::Text(line.to_vec()));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The running log.
pub(crate) struct Logs(SyncSender<Line>);

impl Logs {
    /// Waits until the last lines are written, if somebody takes them.
    pub(crate) fn finish(self) {
        let (done, written) = sync_channel(1);
        if self.0.try_send(Line::Mark(done)).is_ok() {
            let _ = written.recv_timeout(Duration::from_millis(200));
        }
    }
}

fn write_lines(lines: &Receiver<Line>) {
    for line in lines {
        match line {
            Line::Text(text) => {
                let _ = io::stderr().write_all(&text);
            }
            Line::Mark(done) => {
                let _ = done.try_send(());
            }
        }
    }
}

/// Lines of the form `[rfdb-server] message`.
struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "[rfdb-server] ")?;
        match *event.metadata().level() {
            tracing::Level::ERROR => write!(writer, "Error: ")?,
            tracing::Level::WARN => write!(writer, "Warning: ")?,
            _ => {}
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// Begins to log.
pub(crate) fn init(format: LogFormat) -> Logs {
    let (sender, lines) = sync_channel(WAITING);
    let started = std::thread::Builder::new()
        .name("log".into())
        .spawn(move || write_lines(&lines));
    // Without the thread there is no log, and a server all the same.
    drop(started);
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let writer = Sender(sender.clone());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || writer.clone());
    let installed = match format {
        LogFormat::Text => {
            tracing::subscriber::set_global_default(builder.event_format(Plain).finish())
        }
        LogFormat::Json => {
            tracing::subscriber::set_global_default(builder.json().flatten_event(true).finish())
        }
    };
    debug_assert!(installed.is_ok(), "the log is set up once");
    Logs(sender)
}
