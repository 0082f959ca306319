//! The command line. It is read by hand because old clients count on two unusual rules: the database comes first, and
//! flags that are not known are passed over.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{Durability, Limits, NetLimits};

const USAGE: &str = "\
Usage: rfdb-server <db-path> [options]

  <db-path>                 directory of the database 'default'; created if absent

Options:
  --socket <path>           socket to listen on (default: rfdb.sock beside the database)
  --data-dir <dir>          directory of the other databases (default: the one that holds the database)
  --metrics                 keep timings of requests for getStats
  --ws-port <1-65535>       listen for WebSockets on 127.0.0.1 too
  --log-format <text|json>  form of the log on stderr (default: text); its level is set by RUST_LOG
  --durability <none|group|sync>
                            what an acknowledged commit survives: the death of the process, a power cut some
                            milliseconds later, or a power cut at once (default: group)

Limits, each answered by an error with a code:
  --max-frame-bytes <n>     largest request (default: 104857600)
  --max-result-bytes <n>    largest answer (default: 1073741824)
  --max-batch-bytes <n>     largest batch that comes in parts (default: 1073741824)
  --max-connections <n>     connections at the same time (default: 1024)
  --frame-pause-ms <n>      how long a request may rest half-sent (default: 30000)
  --write-timeout-ms <n>    how long an answer may stay unread (default: 60000)
  --query-timeout-ms <n>    time of a Datalog query (default: 30000)
  --query-max-rows <n>      intermediate rows of a Datalog query (default: 1000000)
  --query-max-bytes <n>     memory of a Datalog query (default: 536870912)

  -V, --version             print the version
  -h, --help                print this text
";

/// What the server is told.
pub(crate) struct Args {
    pub(crate) database: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) metrics: bool,
    pub(crate) ws_port: Option<u16>,
    pub(crate) log_format: LogFormat,
    pub(crate) durability: Durability,
    pub(crate) limits: Limits,
    pub(crate) net: NetLimits,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// What is to be done.
pub(crate) enum Parsed {
    Run(Box<Args>),
    Print { text: String, code: u8 },
}

/// Prints to stdout what was asked for and to stderr what went wrong. Nobody listening is no failure.
pub(crate) fn print(text: &str, code: u8) {
    let _ = if code == 0 {
        std::io::stdout().write_all(text.as_bytes())
    } else {
        std::io::stderr().write_all(text.as_bytes())
    };
}

fn number<T: std::str::FromStr>(flag: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("Error: {flag} needs a number, not '{value}'.\n"))
}

/// Reads the arguments without the program's name.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Parsed {
    let arguments: Vec<_> = arguments.collect();
    let asks_for = |long: &str, short: &str| arguments.iter().any(|a| a == long || a == short);
    if asks_for("--version", "-V") {
        return Parsed::Print {
            text: format!("rfdb-server {}\n", env!("CARGO_PKG_VERSION")),
            code: 0,
        };
    }
    if asks_for("--help", "-h") {
        return Parsed::Print {
            text: USAGE.into(),
            code: 0,
        };
    }
    match read(&arguments) {
        Ok(args) => Parsed::Run(Box::new(args)),
        Err(text) => Parsed::Print { text, code: 1 },
    }
}

fn read(arguments: &[String]) -> Result<Args, String> {
    let Some((database, flags)) = arguments.split_first() else {
        return Err(USAGE.into());
    };
    if database.starts_with("--") {
        return Err(format!(
            "Error: db-path '{database}' looks like a flag, not a path.\n\n{USAGE}"
        ));
    }
    let database = absolute(Path::new(database))?;
    let parent = database.parent().unwrap_or(Path::new("/")).to_path_buf();
    let mut args = Args {
        socket: parent.join("rfdb.sock"),
        data_dir: Some(parent),
        database,
        metrics: false,
        ws_port: None,
        log_format: LogFormat::Text,
        durability: Durability::Group,
        limits: Limits {
            result_bytes: Some(1 << 30),
            query_time: Some(Duration::from_secs(30)),
            query_rows: Some(1_000_000),
            query_bytes: Some(512 << 20),
            staged_bytes: Some(1 << 30),
        },
        net: NetLimits::default(),
    };
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let mut value = || {
            flags
                .next()
                .map(String::as_str)
                .ok_or_else(|| format!("Error: {flag} needs a value.\n"))
        };
        let millis = |text: &str| number(flag, text).map(Duration::from_millis);
        match flag.as_str() {
            "--socket" => args.socket = absolute(Path::new(value()?))?,
            "--data-dir" => args.data_dir = Some(absolute(Path::new(value()?))?),
            "--metrics" => args.metrics = true,
            "--ws-port" => {
                let text = value()?;
                args.ws_port =
                    Some(text.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                        format!("Error: --ws-port needs a number from 1 to 65535, not '{text}'.\n")
                    })?);
            }
            "--log-format" => {
                args.log_format = match value()? {
                    "text" => LogFormat::Text,
                    "json" => LogFormat::Json,
                    other => {
                        return Err(format!(
                            "Error: --log-format is text or json, not '{other}'.\n"
                        ));
                    }
                };
            }
            "--durability" => {
                args.durability = match value()? {
                    "none" => Durability::None,
                    "group" => Durability::Group,
                    "sync" => Durability::Sync,
                    other => {
                        return Err(format!(
                            "Error: --durability is none, group or sync, not '{other}'.\n"
                        ));
                    }
                };
            }
            "--max-frame-bytes" => args.net.request_bytes = number(flag, value()?)?,
            "--max-result-bytes" => {
                args.net.response_bytes = number(flag, value()?)?;
                args.limits.result_bytes = Some(args.net.response_bytes);
            }
            "--max-batch-bytes" => args.limits.staged_bytes = Some(number(flag, value()?)?),
            "--max-connections" => args.net.connections = number(flag, value()?)?,
            "--frame-pause-ms" => args.net.frame_pause = millis(value()?)?,
            "--write-timeout-ms" => args.net.write_time = millis(value()?)?,
            "--query-timeout-ms" => args.limits.query_time = Some(millis(value()?)?),
            "--query-max-rows" => args.limits.query_rows = Some(number(flag, value()?)?),
            "--query-max-bytes" => args.limits.query_bytes = Some(number(flag, value()?)?),
            // Old clients may send flags of other versions.
            _ => {}
        }
    }
    Ok(args)
}

/// The path as it has to be told to others, who have other working directories.
fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("Error: '{}': {error}\n", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<Args, (String, u8)> {
        match parse(line.split_whitespace().map(String::from)) {
            Parsed::Run(args) => Ok(*args),
            Parsed::Print { text, code } => Err((text, code)),
        }
    }

    #[test]
    fn the_database_comes_first() {
        let (text, code) = run("--socket /s --data-dir /d").err().unwrap();
        assert!(text.starts_with("Error: db-path '--socket' looks like a flag, not a path."));
        assert_eq!(code, 1);
        assert_eq!(run("").err().unwrap(), (USAGE.to_owned(), 1));
    }

    #[test]
    fn defaults_lie_beside_the_database() {
        let args = run("/p/.grafema/graph.rfdb").ok().unwrap();
        assert_eq!(args.socket, Path::new("/p/.grafema/rfdb.sock"));
        assert_eq!(args.data_dir.as_deref(), Some(Path::new("/p/.grafema")));
    }

    #[test]
    fn flags_are_read_and_unknown_ones_passed_over() {
        let args = run("/p/g.rfdb --frobnicate --socket /s --metrics --max-connections 3 -x")
            .ok()
            .unwrap();
        assert_eq!(args.socket, Path::new("/s"));
        assert!(args.metrics);
        assert_eq!(args.net.connections, 3);
    }

    #[test]
    fn wrong_values_are_named() {
        for line in [
            "/g --ws-port 0",
            "/g --ws-port x",
            "/g --max-connections",
            "/g --log-format xml",
            "/g --query-timeout-ms -1",
        ] {
            let (text, code) = run(line).err().unwrap();
            assert!(text.starts_with("Error: --"), "{text}");
            assert_eq!(code, 1);
        }
        assert_eq!(run("/g --version").err().unwrap().1, 0);
        assert_eq!(run("-h").err().unwrap().1, 0);
    }
}
