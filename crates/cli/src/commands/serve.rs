//! `steadyline serve`: the servers.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::Exit;
use clap::{Args, ValueEnum};
use clock::Clock;
use config::Config;
use degrade::Transition;
use engine::Handle;
use engine::review::Reviews;
use gateway::Options;
use miette::Report;
use tokio::sync::mpsc;

use crate::budgets;
use crate::console::{self, Console, Shown};
use crate::controller::{self, Order, Reporter};
use crate::settings::Global;
use crate::shared_gateway::{self, SharedGateway};
use crate::signals::{Signals, Told};
use crate::{Ended, block_on, output, releases, reviews};

/// How long calls in flight may take to finish after SIGTERM; no call may take longer.
const DRAIN_MAX: Duration = config::DEADLINE_MAX;
/// How long the console's last answers may take.
const CONSOLE_DRAIN_MAX: Duration = Duration::from_secs(5);
/// How often the gateway's counters are looked at for the engine.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The organisation's name in keys and pages.
const ORG: &str = "default";

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
    /// Where the console listens, instead of what the configuration says; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where the gateway listens, instead of what the configuration says; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS")]
    gateway_listen: Option<SocketAddr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Controller and gateway.
    All,
    /// The controller alone: incidents, pages, console.
    Controller,
    /// The gateway alone: it needs no store.
    Gateway,
}

/// Runs until it is told to stop.
pub(crate) fn run(serve: &Serve, global: &Global) -> Ended {
    let config = global.load()?;
    block_on(until_told(serve, global, config))
}

async fn until_told(serve: &Serve, global: &Global, config: Config) -> Ended {
    let mut signals = Signals::listen()?;
    let clock = Clock::real();
    let (servers, mut records) = start(serve, global, config, &clock).await?;
    let mut reporter = servers.controller.as_ref().map(|controller| Reporter::new(controller.engine.sender()));
    loop {
        tokio::select! {
            told = signals.next() => match told {
                Told::Stop => break,
                Told::Reload => reload_from(global.config_file().as_deref(), &servers.gateway),
            },
            Some(transition) = next(&mut records) => {
                // Alone, a gateway has nobody to report to; its log has the transition already.
                if let Some(reporter) = &reporter {
                    reporter.changed(transition);
                }
            }
            () = clock.sleep(LOOK_EVERY) => {}
        }
        if let Some(reporter) = &mut reporter {
            reporter.look(&servers.gateway.snapshot(), servers.gateway.records_lost());
        }
    }
    servers.stop(&clock, records, reporter.as_ref()).await;
    Ok(Exit::Done)
}

/// What runs.
struct Servers {
    gateway: Arc<SharedGateway>,
    controller: Option<Controller>,
}

struct Controller {
    engine: Handle,
    budgets: budgets::Running,
    releases: Option<releases::Running>,
    reviews: Reviews,
    console: Console,
}

/// The records of the gateway's circuits, where there is a gateway.
type Records = Option<mpsc::Receiver<Transition>>;

/// Starts what the role asks for, the gateway first: nothing that the controller lacks may keep it down, and it
/// must be known to listen before the store is touched.
async fn start(serve: &Serve, global: &Global, config: Config, clock: &Clock) -> Result<(Servers, Records), Report> {
    let format = global.format;
    let seed = u64::from(std::process::id());
    let listen = config.listen.clone();
    let (gateway, records) = match serve.role {
        Role::Controller => (None, None),
        Role::All | Role::Gateway => {
            let options = Options {
                listen: serve.gateway_listen.unwrap_or(listen.gateway),
                tls: listen.gateway_tls,
                workers: listen.workers,
                clock: clock.clone(),
                seed,
            };
            let scheme = if options.tls.is_some() { "https" } else { "http" };
            let (gateway, records) = shared_gateway::start(config.degrade.clone(), options)?;
            output::listening(format, "gateway", &format!("{scheme}://{}", gateway.address()));
            (Some(gateway), Some(records))
        }
    };
    let gateway = Arc::new(SharedGateway::new(gateway));
    let controller = match serve.role {
        Role::Gateway => None,
        Role::All | Role::Controller => {
            let order =
                Order { org: ORG, store: &config.store.path, alerts: &config.alerts, clock: clock.clone(), seed };
            let (engine, store) = controller::start(order).await?;
            let config_file = global.config_file();
            let client = config.platform.as_ref();
            let client = client.map(|platform| crate::platform::client(platform, clock.clone())).transpose()?;
            let running = budgets::start(budgets::Order {
                config: &config,
                config_file: config_file.as_deref(),
                store: Arc::clone(&store),
                engine: &engine,
                gateway: &gateway,
                platform: client.as_ref(),
                clock: clock.clone(),
            });
            let running = running.await?;
            let deployments = controller::deployments(&store, clock).await?;
            let reviews = reviews::start(reviews::Order {
                config: &config,
                config_file: config_file.as_deref(),
                store: Arc::clone(&store),
                engine: &engine,
                budgets: &running.budgets,
                platform: client.as_ref(),
                clock: clock.clone(),
            });
            let reviews = reviews.await?;
            let releases = releases::start(releases::Order {
                config: &config,
                store,
                engine: &engine,
                budgets: &running.budgets,
                platform: client.as_ref(),
                clock: clock.clone(),
            });
            let releases = releases.await?;
            let platform = config.platform.as_ref();
            let shown = Shown {
                engine: engine.clone(),
                gateway: Arc::clone(&gateway),
                clock: clock.clone(),
                org: ORG.to_owned(),
                // One client for all: they share its token and its requests.
                guide: platform.zip(client).map(|(platform, client)| crate::platform::guide(platform, client, clock)),
                budgets: running.budgets.clone(),
                releases: releases.as_ref().map(releases::Running::shown),
                deployments,
                reviews: reviews.clone(),
                terms: budgets::terms(&config),
                documents: running.documents.clone(),
                access: budgets::access(&config),
            };
            let console = console::start(serve.listen.unwrap_or(listen.console), shown).await?;
            output::listening(format, "console", &console.url());
            Some(Controller { engine, budgets: running, releases, reviews, console })
        }
    };
    Ok((Servers { gateway, controller }, records))
}

impl Servers {
    /// Lets calls finish first and writes what is left last, so that what the last calls led to is kept.
    async fn stop(self, clock: &Clock, records: Records, reporter: Option<&Reporter>) {
        let last_records = async {
            let Some(mut records) = records else { return };
            while let Some(transition) = records.recv().await {
                if let Some(reporter) = reporter {
                    reporter.changed(transition);
                }
            }
        };
        tokio::join!(self.gateway.drain(DRAIN_MAX), last_records);
        if let Some(Controller { engine, budgets, releases, reviews, console }) = self.controller {
            console.stop(clock, CONSOLE_DRAIN_MAX).await;
            reviews.shutdown().await;
            if let Some(releases) = releases {
                releases.shutdown().await;
            }
            budgets.shutdown().await;
            engine.shutdown().await;
        }
    }
}

/// The next record; never without a gateway.
async fn next(records: &mut Records) -> Option<Transition> {
    match records {
        Some(records) => records.recv().await,
        None => std::future::pending().await,
    }
}

/// Upstreams and routes of the file apply at once; addresses, store and alerts at the next start.
fn reload_from(file: Option<&Path>, gateway: &SharedGateway) {
    let Some(file) = file else {
        tracing::warn!("there is no configuration file to read again");
        return;
    };
    match config::load_file(file) {
        Ok(config) => match gateway.reload(config.degrade) {
            Ok(()) => tracing::info!(file = %file.display(), "configuration read again"),
            Err(error) => tracing::error!(%error, "the new configuration is refused, the old one stays"),
        },
        Err(problems) => tracing::error!(%problems, "the new configuration is refused, the old one stays"),
    }
}
