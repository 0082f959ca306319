//! The program `rfdb-server`: command line, logs, signals, and then [`Server`]. It is part of the library, so that another
//! program can be a server too.

mod args;
mod logs;

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use self::args::{Args, Parsed};
use crate::{Config, Dispatcher, Options, Server, ServerOptions};

/// Runs the server until it is stopped. The arguments are those of `rfdb-server`, without the program's name.
pub fn run_program(args: impl IntoIterator<Item = String>) -> ExitCode {
    let args = match args::parse(args.into_iter()) {
        Parsed::Run(args) => *args,
        Parsed::Print { text, code } => {
            args::print(&text, code);
            return ExitCode::from(code);
        }
    };
    let logs = logs::init(args.log_format);
    let code = match serve(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            tracing::error!("{message}");
            ExitCode::FAILURE
        }
    };
    logs.finish();
    code
}

fn serve(args: Args) -> Result<(), String> {
    tracing::info!("Starting rfdb-server v{}", env!("CARGO_PKG_VERSION"));
    tracing::info!("Opening default database: {:?}", args.database);
    let dispatcher = Dispatcher::open_or_create(
        &args.database,
        Config {
            data_dir: args.data_dir.clone(),
            options: Options {
                durability: args.durability,
                program: "rfdb-server".into(),
                socket: Some(args.socket.clone()),
                read_only: false,
                index_on_read: false,
                volatile_loads: false,
            },
            metrics: args.metrics,
            limits: args.limits,
            evaluator: None,
        },
    )
    .map_err(|error| error.to_string())?;
    if let Some(directory) = &args.data_dir {
        tracing::info!("Data directory for multi-database: {directory:?}");
    }
    let counts = dispatcher.default_counts().map_err(|error| error.message)?;
    tracing::info!("Default database: {} nodes, {} edges", counts.0, counts.1);

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start threads: {error}"))?;
    let result = runtime.block_on(async {
        // Before the socket appears, so that a signal that comes right after it is not lost.
        let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
        let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
        let server = Server::bind(
            dispatcher,
            ServerOptions {
                socket: args.socket.clone(),
                ws_port: args.ws_port,
                limits: args.net,
            },
        )
        .await
        .map_err(|error| error.to_string())?;
        tracing::info!("Listening on {}", args.socket.display());
        if let Some(port) = args.ws_port {
            tracing::info!("Listening on ws://127.0.0.1:{port}");
        }
        let stop = server.stopper();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("Stopping");
            stop();
        });
        server.run().await.map_err(|error| error.message)
    });
    // A query that does not come to its end must not hold the process.
    runtime.shutdown_background();
    result
}
