//! `steadyline twin`: the stand-in for Genesys Cloud, alone.

use std::net::SocketAddr;
use std::path::PathBuf;

use api::Exit;
use clap::Args;
use clock::Clock;
use flow::Problems;
use miette::Report;
use twin::{DEFAULT_CLIENT, Options, StartError, TwinHandle};

use crate::failure::{Failure, cannot_listen};
use crate::settings::{Global, Source, read};
use crate::signals::Signals;
use crate::{Ended, block_on, output};

/// What callers run unless another flow is named.
const FLOW: &str = include_str!("../../../../examples/flows/main-ivr.yaml");
/// What that flow asks.
const ACTION: &str = include_str!("../../../../examples/flows/crm-lookup.custom.json");

/// Runs a stand-in for Genesys Cloud: Platform API, flows that really run, queues, and callers.
///
/// Its OAuth client is `twin-client` with the secret `twin-secret`; what breaks things is under /twin. Data Actions
/// ask the address in `--base-url`, such as a gateway's.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline twin --base-url http://127.0.0.1:7701 --callers 5")]
pub(crate) struct Twin {
    /// Seed of all its chance: the same seed, the same callers.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many times faster than real time, 1 to 100.
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(clock::SPEED_MAX)))]
    speed: u32,
    /// Where it listens; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7710")]
    twin_listen: SocketAddr,
    /// The flow that callers run, an Archy YAML file, `-` for stdin; else an example.
    #[arg(long, value_name = "FILE")]
    flow: Option<PathBuf>,
    /// The Data Action that the flow asks, an exported JSON file; else the example's.
    #[arg(long, value_name = "FILE", requires = "base_url")]
    action: Option<PathBuf>,
    /// Where the Data Action sends its requests; without it there is no Data Action, and callers go on without.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The name by which the flow knows the Data Action's integration.
    #[arg(long, value_name = "NAME", default_value = "CRM")]
    integration: String,
    /// Callers a second; none unless told.
    #[arg(long, value_name = "RATE")]
    callers: Option<f64>,
}

/// Runs it until it is told to stop.
pub(crate) fn run(twin: &Twin, global: &Global) -> Ended {
    block_on(until_told(twin, global))
}

async fn until_told(order: &Twin, global: &Global) -> Ended {
    let mut signals = Signals::listen()?;
    let mut options = Options { listen: order.twin_listen, ..Options::new(Clock::scaled(order.speed)) };
    options.organisation.seed = order.seed;
    let twin = twin::Twin::start(options).await.map_err(cannot_start)?;
    if let Err(report) = furnish(&twin, order) {
        twin.shutdown().await;
        return Err(report);
    }
    output::listening(global.format, "twin", &twin.base_url());
    tracing::info!(client = DEFAULT_CLIENT.0, seed = order.seed, speed = order.speed, "the twin runs");
    signals.stop().await;
    twin.shutdown().await;
    Ok(Exit::Done)
}

/// Loads flow and action, and lets callers in.
fn furnish(twin: &TwinHandle, order: &Twin) -> Result<(), Report> {
    let flow = source(order.flow.as_ref(), "the example flow", FLOW)?;
    twin.load_flow(&flow.text).map_err(|problems| unusable(&flow.name, problems))?;
    if let Some(url) = &order.base_url {
        let action = source(order.action.as_ref(), "the example Data Action", ACTION)?;
        twin.load_action(&order.integration, &action.text, &[("baseUrl", url)])
            .map_err(|problems| unusable(&action.name, problems))?;
    }
    if let Some(rate) = order.callers {
        twin.start_callers(rate).map_err(|error| {
            let hint = format!("`--callers` takes a number above 0 and at most {}", twin::RATE_MAX);
            Failure::new(Exit::Usage, "callers cannot come in at this rate", hint).because(error)
        })?;
    }
    Ok(())
}

fn source(path: Option<&PathBuf>, name: &str, text: &str) -> Result<Source, Report> {
    match path {
        Some(path) => read(path),
        None => Ok(Source { name: name.to_owned(), text: text.to_owned() }),
    }
}

fn unusable(name: &str, problems: Problems) -> Report {
    let hint = "export it again, or correct what is named above";
    Failure::new(Exit::Usage, format!("{name} cannot be used"), hint).because(problems).into()
}

fn cannot_start(error: StartError) -> Report {
    match error {
        StartError::Listen { address, source } => cannot_listen("twin", address, "--twin-listen", source),
        StartError::Client(_) => {
            let hint = "check the environment of this process";
            Failure::new(Exit::Usage, "the twin cannot be started", hint).because(error).into()
        }
    }
}
