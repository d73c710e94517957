//! `steadyline twin`: the stand-in for Genesys Cloud, alone.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::Exit;
use clap::Args;
use clock::Clock;
use flow::Problems;
use jiff::Timestamp;
use miette::{IntoDiagnostic as _, Report};
use twin::scenario::{self, Scenario, ScenarioError, SimulatedOrganisation as Outcome};
use twin::{DEFAULT_CLIENT, Options, StartError, TwinHandle};

use crate::failure::{Failure, cannot_listen};
use crate::settings::{Format, Global, Source, read};
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
///
/// A scenario founds one organisation or two linked ones, and says what happens to them; the second listens at the port
/// that follows. With `--for` it is played at once, as fast as the machine can, and what came of it is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  steadyline twin --base-url http://127.0.0.1:7701 --callers 5
  steadyline twin --scenario examples/twin/crm-outage.yaml --speed 10
  steadyline twin --scenario examples/twin/crm-outage.yaml --for 24h")]
pub(crate) struct Twin {
    /// Seed of all its chance: the same seed, the same callers. Default 1, or what the scenario says.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Organisations and what happens to them, a YAML file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["flow", "action", "base_url", "callers"])]
    scenario: Option<PathBuf>,
    /// Play the scenario for so long of its own time, at once: `24h`, `90m`.
    #[arg(long = "for", value_name = "LENGTH", requires = "scenario", value_parser = length)]
    lasts: Option<Duration>,
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

/// Runs it until it is told to stop, or plays it at once.
pub(crate) fn run(twin: &Twin, global: &Global) -> Ended {
    match (&twin.scenario, twin.lasts) {
        (Some(path), Some(lasts)) => at_once(&read_scenario(path, twin.seed)?, lasts, global),
        (Some(path), None) => block_on(scenario(read_scenario(path, twin.seed)?, twin, global)),
        (None, _) => block_on(until_told(twin, global)),
    }
}

fn length(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no length of time: write 24h, 90m or PT5M");
    let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(span).map_err(|_| wrong())
}

fn read_scenario(path: &Path, seed: Option<u64>) -> Result<Scenario, Report> {
    let mut scenario = Scenario::read(path).map_err(unplayable)?;
    scenario.seed = seed.unwrap_or(scenario.seed);
    Ok(scenario)
}

/// The same day in every run: it begins when the scenario does, not when it is played.
fn at_once(scenario: &Scenario, lasts: Duration, global: &Global) -> Ended {
    let report = scenario::simulate(scenario, Timestamp::UNIX_EPOCH, lasts).map_err(unplayable)?;
    if global.format == Format::Json {
        output::json(&serde_json::to_value(&report).into_diagnostic()?);
        return Ok(Exit::Done);
    }
    output::line(format_args!("{}: {} s of its own time", report.scenario, report.played_ms / 1_000));
    for organisation in &report.organisations {
        let Outcome { name, offered, queued, answered, abandoned, lost, redirected, .. } = organisation;
        output::line(format_args!("{name}"));
        output::line(format_args!(
            "  callers {offered}: {queued} in a queue, {answered} answered, {abandoned} hung up, {lost} lost"
        ));
        if *redirected > 0 {
            output::line(format_args!("  led to the other organisation: {redirected}"));
        }
        let (ok, failed) = (organisation.data_actions_ok, organisation.data_actions_failed);
        output::line(format_args!("  Data Actions: {ok} answered, {failed} failed"));
        output::line(format_args!("  {} facts, hash {}", organisation.facts, organisation.hash));
    }
    Ok(Exit::Done)
}

async fn scenario(scenario: Scenario, order: &Twin, global: &Global) -> Ended {
    let mut signals = Signals::listen()?;
    let clock = Clock::scaled(order.speed);
    let built = scenario.build(clock.now()).map_err(unplayable)?;
    let twins = twin::Twin::play(built, order.twin_listen, clock).await.map_err(cannot_start)?;
    for (place, twin) in twins.iter().enumerate() {
        let name = if place == 0 { "twin" } else { "twin-2" };
        output::listening(global.format, name, &twin.base_url());
        tracing::info!(
            client = DEFAULT_CLIENT.0,
            organisation = twin.name(),
            scenario = scenario.name,
            "the twin runs"
        );
    }
    signals.stop().await;
    for twin in twins {
        twin.shutdown().await;
    }
    Ok(Exit::Done)
}

fn unplayable(error: ScenarioError) -> Report {
    let hint = "correct what is named above; examples/twin has a scenario for each room";
    Failure::new(Exit::Usage, "the scenario cannot be played", hint).because(error).into()
}

async fn until_told(order: &Twin, global: &Global) -> Ended {
    let mut signals = Signals::listen()?;
    let mut options = Options { listen: order.twin_listen, ..Options::new(Clock::scaled(order.speed)) };
    options.organisation.seed = order.seed.unwrap_or(options.organisation.seed);
    let twin = twin::Twin::start(options).await.map_err(cannot_start)?;
    if let Err(report) = furnish(&twin, order) {
        twin.shutdown().await;
        return Err(report);
    }
    output::listening(global.format, "twin", &twin.base_url());
    tracing::info!(client = DEFAULT_CLIENT.0, speed = order.speed, "the twin runs");
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
