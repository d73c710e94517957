//! `steadyline serve`: the servers.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use api::Exit;
use clap::{Args, ValueEnum};
use clock::Clock;
use config::Config;
use gateway::{Gateway, Options};
use miette::{IntoDiagnostic as _, WrapErr as _};
use tokio::signal::unix::{SignalKind, signal};

use crate::Ended;
use crate::settings::Global;

/// How long calls in flight may take to finish after SIGTERM; no call may take longer.
const DRAIN_MAX: Duration = config::DEADLINE_MAX;

/// Runs the servers.
///
/// SIGHUP reads the configuration again; a wrong one is refused and the old one stays. SIGTERM accepts nothing
/// new, lets calls in flight finish, and ends.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline serve --role gateway --config examples/gateway.yaml")]
pub(crate) struct Serve {
    /// What to run.
    #[arg(long, value_enum, default_value_t = Role::All)]
    role: Role,
    /// Where the gateway listens, instead of what the configuration says; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS")]
    gateway_listen: Option<SocketAddr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Controller and gateway.
    All,
    /// The controller alone.
    Controller,
    /// The gateway alone.
    Gateway,
}

/// Runs until it is told to stop.
pub(crate) fn run(serve: &Serve, global: &Global) -> Ended {
    let config = global.load()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().into_diagnostic()?;
    runtime.block_on(gateway_alone(serve, global, config))
}

async fn gateway_alone(serve: &Serve, global: &Global, config: Config) -> Ended {
    let (mut terminate, mut reload) =
        (signal(SignalKind::terminate()).into_diagnostic()?, signal(SignalKind::hangup()).into_diagnostic()?);
    let options = Options {
        listen: serve.gateway_listen.unwrap_or(config.listen.gateway),
        tls: config.listen.gateway_tls,
        workers: config.listen.workers,
        clock: Clock::real(),
        seed: u64::from(std::process::id()),
    };
    let (gateway, mut records) =
        gateway::start(config.degrade, options).into_diagnostic().wrap_err("the gateway could not be started")?;
    println!("listening gateway http://{}", gateway.address());
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = tokio::signal::ctrl_c() => break,
            _ = reload.recv() => reload_from(global.config_file().as_deref(), &gateway),
            // On its own a gateway has nobody to report to; the log has the transition already.
            Some(_) = records.recv() => {}
        }
    }
    gateway.drain(DRAIN_MAX).await;
    Ok(Exit::Done)
}

fn reload_from(file: Option<&Path>, gateway: &Gateway) {
    let Some(file) = file else { return };
    match config::load_file(file) {
        Ok(config) => match gateway.reload(config.degrade) {
            Ok(()) => tracing::info!(file = %file.display(), "configuration read again"),
            Err(error) => tracing::error!(%error, "the new configuration is refused, the old one stays"),
        },
        Err(problems) => tracing::error!(%problems, "the new configuration is refused, the old one stays"),
    }
}
