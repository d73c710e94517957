//! The stage: everything that a story needs, in this process, connected as it would be in earnest.
//!
//! Callers run the example flow in the twin; its Data Action asks the gateway; the gateway asks the CRM. Circuit
//! records go to the engine, which keeps incidents in a real store and pages a receiver that judges letters as
//! PagerDuty would. The configuration is read from text like anybody's.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::Exit;
use base::Ppm;
use clock::Clock;
use config::{Config, Place, Platform, PlatformClient, Secrets};
use degrade::{Phase, Transition};
use engine::Handle;
use engine::review::Reviews;
use gateway::Options;
use miette::{IntoDiagnostic as _, Report};
use store::Store;
use tempfile::TempDir;
use testkit::inbox::Inbox;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use twin::{Crm, CrmHandle, CrmOptions, Organisation, QueueOptions, StartError, Twin, TwinHandle};

use super::Story;
use super::narrator::Narrator;
use crate::budgets;
use crate::console::{self, Console, Shown};
use crate::controller::{self, Order, Reporter};
use crate::diagnostics;
use crate::failure::{Failure, cannot_listen};
use crate::shared_gateway::{self, SharedGateway};
use crate::{releases, reviews};

const CONFIG: &str = include_str!("demo.yaml");
/// Budgets are part of one story only: in another they would do their work, too.
const BUDGET: &str = include_str!("budget.yaml");
const SLOS: &str = include_str!("slos.yaml");
/// So are releases.
const RELEASE: &str = include_str!("release.yaml");
const MAIN_IVR: &str = include_str!("../../../../../examples/flows/main-ivr.yaml");
const BUDGET_IVR: &str = include_str!("../../../../../examples/flows/budget-ivr.yaml");
/// As whom releases are watched, as the demo's secrets are.
const GUARD: (&str, &str) = ("steadyline", "demo-platform-secret");
/// The version that callers get when the story of a release begins.
const VERSIONS_BEFORE: u32 = 11;
/// Who publishes releases, by id and secret: not we.
const PIPELINE: (&str, &str) = ("release-pipeline", "pipeline-secret");
/// Data Actions, each with its category.
const ACTIONS: [(&str, &str); 3] = [
    ("CRM", include_str!("../../../../../examples/flows/crm-lookup.custom.json")),
    ("Steadyline", include_str!("../../../../../examples/flows/budget-decision.custom.json")),
    ("Knowledge", include_str!("../../../../../examples/flows/knowledge-lookup.custom.json")),
];

/// The organisation's name in keys, pages and the console.
const ORG: &str = "demo";
/// Seed of all chance in a story: the same callers every time.
const SEED: u64 = 1;
/// A free port of this machine, where nobody needs to know it beforehand.
const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// One worker serves a demo with ease.
const WORKERS: usize = 1;
/// More than most contact centres have, so that a few seconds show what becomes of VIPs.
const VIP_SHARE: Ppm = Ppm::percent(30);
/// How long the last calls may take when the stage is cleared.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// How often the gateway's counters are looked at for the engine.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where the servers listen that people look at.
pub(super) struct Addresses {
    pub(super) console: SocketAddr,
    pub(super) gateway: SocketAddr,
    pub(super) twin: SocketAddr,
}

/// A stage that is set.
pub(super) struct Stage {
    pub(super) clock: Clock,
    pub(super) crm: CrmHandle,
    /// A knowledge base; it looks things up as a CRM does.
    pub(super) knowledge: CrmHandle,
    pub(super) twin: TwinHandle,
    pub(super) inbox: Inbox,
    pub(super) gateway: Arc<SharedGateway>,
    pub(super) gateway_url: String,
    pub(super) engine: Handle,
    pub(super) budgets: budgets::Running,
    pub(super) releases: Option<releases::Running>,
    reviews: Reviews,
    /// The organisation, as those who publish releases ask it.
    pub(super) pipeline: Option<genesys::Client>,
    pub(super) turns: watch::Receiver<Turns>,
    console: Console,
    reporting: JoinHandle<()>,
    /// Deleted with the stage.
    _store: TempDir,
}

/// The latest turns of the circuit.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    /// When it last left closed.
    pub(super) opened: Option<Transition>,
    /// When it last closed.
    pub(super) closed: Option<Transition>,
}

impl Stage {
    /// Starts everything, and says where it listens.
    pub(super) async fn set(
        addresses: Addresses,
        story: Story,
        clock: &Clock,
        narrator: &Narrator,
    ) -> Result<Self, Report> {
        let crm = start_crm("CRM", clock).await?;
        let knowledge = start_crm("knowledge base", clock).await?;
        let inbox = Inbox::open(clock.clone(), ANYWHERE, &[]).await;
        let inbox = inbox.map_err(|error| cannot_listen("inbox", ANYWHERE, "--listen", error))?;
        let store = TempDir::new().into_diagnostic()?;
        std::fs::write(store.path().join("slos.yaml"), SLOS).into_diagnostic()?;
        let config = config(story, &crm.base_url(), &knowledge.base_url(), &inbox.url())?;

        let options =
            Options { listen: addresses.gateway, tls: None, workers: Some(WORKERS), clock: clock.clone(), seed: SEED };
        let (gateway, records) = shared_gateway::start(config.degrade.clone(), options)?;
        let gateway_url = format!("http://{}", gateway.address());
        let twin = start_twin(addresses.twin, story, clock, &gateway_url).await?;
        let gateway = Arc::new(SharedGateway::new(Some(gateway)));

        let path = store.path().join(&config.store.path);
        let (engine, store_handle) = start_engine(&path, &config.alerts, clock).await?;
        let config_file = store.path().join("steadyline.yaml");
        let budgets = budgets::start(budgets::Order {
            config: &config,
            config_file: Some(&config_file),
            store: Arc::clone(&store_handle),
            engine: &engine,
            gateway: &gateway,
            platform: None,
            clock: clock.clone(),
        });
        let budgets = budgets.await?;
        let (client, pipeline) = match &config.platform {
            None => (None, None),
            Some(platform) => {
                let as_client = |client: PlatformClient| {
                    let url = twin.base_url().parse().into_diagnostic()?;
                    let place = Place::Gateway { url, login_prefix: String::new(), api_prefix: String::new() };
                    crate::platform::client(&Platform { place, client, ..platform.clone() }, clock.clone())
                };
                let pipeline = PlatformClient { id: PIPELINE.0.to_owned(), secret: PIPELINE.1.into() };
                (Some(as_client(platform.client.clone())?), Some(as_client(pipeline)?))
            }
        };
        let deployments = controller::deployments(&store_handle, clock).await?;
        let reviews = reviews::start(reviews::Order {
            config: &config,
            config_file: Some(&config_file),
            store: Arc::clone(&store_handle),
            engine: &engine,
            budgets: &budgets.budgets,
            platform: client.as_ref(),
            clock: clock.clone(),
        });
        let reviews = reviews.await?;
        let releases = releases::start(releases::Order {
            config: &config,
            store: store_handle,
            engine: &engine,
            budgets: &budgets.budgets,
            platform: client.as_ref(),
            clock: clock.clone(),
        });
        let releases = releases.await?;
        let shown = Shown {
            engine: engine.clone(),
            gateway: Arc::clone(&gateway),
            clock: clock.clone(),
            org: ORG.to_owned(),
            guide: None,
            budgets: budgets.budgets.clone(),
            releases: releases.as_ref().map(releases::Running::shown),
            deployments,
            reviews: reviews.clone(),
            terms: budgets::terms(&config),
            documents: budgets.documents.clone(),
            access: budgets::access(&config),
        };
        let console = console::start(addresses.console, shown).await?;
        let (turned, turns) = watch::channel(Turns::default());
        let reporting = tokio::spawn(report(records, turned, engine.clone(), Arc::clone(&gateway), clock.clone()));

        narrator.listening("console", &console.url());
        narrator.listening("gateway", &gateway_url);
        narrator.listening("twin", &twin.base_url());
        narrator.listening("crm", &crm.base_url());
        narrator.listening("inbox", &inbox.url());
        let clock = clock.clone();
        Ok(Self {
            clock,
            crm,
            knowledge,
            twin,
            inbox,
            gateway,
            gateway_url,
            engine,
            budgets,
            releases,
            reviews,
            pipeline,
            turns,
            console,
            reporting,
            _store: store,
        })
    }

    /// Where the console can be seen.
    pub(super) fn console_url(&self) -> String {
        self.console.url()
    }

    /// Ends everything, callers first.
    pub(super) async fn clear(self) {
        self.twin.shutdown().await;
        self.gateway.drain(DRAIN_MAX).await;
        self.reporting.abort();
        self.console.stop(&self.clock, DRAIN_MAX).await;
        self.reviews.shutdown().await;
        if let Some(releases) = self.releases {
            releases.shutdown().await;
        }
        self.budgets.shutdown().await;
        self.engine.shutdown().await;
        self.crm.shutdown().await;
        self.knowledge.shutdown().await;
    }
}

/// The secrets of the demo: there is nothing to keep secret about a stand-in.
struct NoSecrets;

impl Secrets for NoSecrets {
    fn env(&self, name: &str) -> Option<String> {
        Some(format!("demo-{}", name.to_lowercase().replace('_', "-")))
    }

    fn file(&self, path: &Path) -> std::io::Result<String> {
        Ok(format!("demo-{}", path.display()))
    }
}

async fn start_crm(name: &str, clock: &Clock) -> Result<CrmHandle, Report> {
    let crm = Crm::start(CrmOptions { listen: ANYWHERE, clock: clock.clone(), client: None });
    crm.await.map_err(|error| cannot_start(name, error))
}

fn config(story: Story, crm: &str, knowledge: &str, inbox: &str) -> Result<Config, Report> {
    let text = match story {
        Story::CrmOutage => CONFIG.to_owned(),
        Story::BudgetBurn => format!("{CONFIG}\n{BUDGET}"),
        Story::BadRelease => format!("{CONFIG}\n{RELEASE}"),
    };
    let text = text.replace("http://crm.invalid", crm).replace("http://inbox.invalid", inbox);
    let text = text.replace("http://knowledge.invalid", knowledge);
    config::load("the demo's configuration", &text, &NoSecrets).map_err(|problems| diagnostics::invalid(*problems))
}

async fn start_twin(listen: SocketAddr, story: Story, clock: &Clock, gateway: &str) -> Result<TwinHandle, Report> {
    let queue = |name: &str, agents| QueueOptions {
        name: name.to_owned(),
        agents,
        talk_min: Duration::from_secs(20),
        talk_max: Duration::from_secs(40),
        patience: None,
    };
    let queues = vec![queue("VIP", 200), queue("Support", 400)];
    let organisation = Organisation { seed: SEED, vip_share: VIP_SHARE, queues, ..Organisation::default() };
    let options = twin::Options { listen, organisation, ..twin::Options::new(clock.clone()) };
    let twin = Twin::start(options).await.map_err(|error| cannot_start("twin", error))?;
    match story {
        Story::CrmOutage => drop(twin.load_flow(MAIN_IVR).into_diagnostic()?),
        Story::BudgetBurn => drop(twin.load_flow(BUDGET_IVR).into_diagnostic()?),
        Story::BadRelease => {
            // It has a past: what callers get is version 11.
            for _ in 0..VERSIONS_BEFORE {
                twin.load_flow(MAIN_IVR).into_diagnostic()?;
            }
            for (id, secret) in [PIPELINE, GUARD] {
                twin.register_client(id, secret, &["architect:*:*", "analytics:*:*"]);
            }
        }
    }
    for (category, action) in ACTIONS {
        twin.load_action(category, action, &[("baseUrl", gateway)]).into_diagnostic()?;
    }
    Ok(twin)
}

fn cannot_start(name: &str, error: StartError) -> Report {
    match error {
        StartError::Listen { address, source } => cannot_listen(name, address, &format!("--{name}-listen"), source),
        StartError::Client(_) => {
            let hint = "check the environment of this process; `steadyline doctor` looks at it";
            Failure::new(Exit::Usage, format!("the {name} cannot be started"), hint).because(error).into()
        }
    }
}

async fn start_engine(
    store: &Path,
    alerts: &[config::Receiver],
    clock: &Clock,
) -> Result<(Handle, Arc<dyn Store>), Report> {
    controller::start(Order { org: ORG, store, alerts, clock: clock.clone(), seed: SEED }).await
}

/// Passes the circuit's records on to the engine, and keeps the latest for the story.
async fn report(
    mut records: mpsc::Receiver<Transition>,
    turned: watch::Sender<Turns>,
    engine: Handle,
    gateway: Arc<SharedGateway>,
    clock: Clock,
) {
    let mut reporter = Reporter::new(engine.sender());
    loop {
        tokio::select! {
            record = records.recv() => match record {
                None => return,
                Some(transition) => {
                    reporter.changed(transition.clone());
                    turned.send_modify(|turns| turns.keep(transition));
                }
            },
            () = clock.sleep(LOOK_EVERY) => reporter.look(&gateway.snapshot(), gateway.records_lost()),
        }
    }
}

impl Turns {
    fn keep(&mut self, transition: Transition) {
        match (transition.from, transition.to) {
            (_, Phase::Closed) => self.closed = Some(transition),
            (Phase::Closed, _) => self.opened = Some(transition),
            (Phase::Open | Phase::HalfOpen, Phase::Open | Phase::HalfOpen) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_of_the_demo_is_valid() {
        let config = |story| config(story, "http://127.0.0.1:1", "http://127.0.0.1:3", "http://127.0.0.1:2").unwrap();
        assert_eq!(config(Story::BudgetBurn).budget.flows.len(), 1);
        let config = config(Story::CrmOutage);
        assert_eq!(config.budget.flows.len(), 0);
        let route = config.degrade.routes.iter().find(|route| &*route.name == "crm-lookup").unwrap();
        assert!(route.deadline < Duration::from_secs(3), "the flow waits 3 s");
        assert!(route.fallback.is_some() && route.ladder.stale_for.is_some());
        assert!(config.degrade.upstreams[0].probe.is_some());
    }
}
