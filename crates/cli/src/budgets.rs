//! Budgets of one controller: started from the configuration, obeyed by the gateway.

use std::path::Path;
use std::sync::Arc;

use api::{Exit, FlowModes};
use clock::Clock;
use config::Config;
use engine::Handle;
use engine::budget::source::{GatewayCounts, GenesysCounts, PrometheusCounts};
use engine::budget::table::{FlowRow, Tables};
use engine::budget::{Budgets, Setup, Source};
use miette::Report;
use server::Access;
use store::Store;
use tokio::task::JoinHandle;

use crate::failure::Failure;
use crate::objectives::{self, Objectives};
use crate::shared_gateway::SharedGateway;

/// What budgets are started with.
pub(crate) struct Order<'a> {
    pub(crate) config: &'a Config,
    /// The file of the configuration: paths in it begin there.
    pub(crate) config_file: Option<&'a Path>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) engine: &'a Handle,
    pub(crate) gateway: &'a Arc<SharedGateway>,
    /// The organisation, where one is watched.
    pub(crate) platform: Option<&'a genesys::Client>,
    pub(crate) clock: Clock,
}

/// Running budgets, and what the console needs to know about them.
pub(crate) struct Running {
    pub(crate) budgets: Budgets,
    pub(crate) documents: std::collections::BTreeMap<String, serde_json::Value>,
    /// Tell the gateway and data tables what flows do.
    following: Vec<JoinHandle<()>>,
}

/// Reads the objectives and starts.
pub(crate) async fn start(order: Order<'_>) -> Result<Running, Report> {
    let Order { config, config_file, store, engine, gateway, platform, clock } = order;
    let cannot = |error| {
        let hint = "run `steadyline doctor`; a damaged store is best replaced by its latest backup";
        Failure::new(Exit::Usage, "budgets cannot be started", hint).because(error)
    };
    let defined = engine::budget::defined(store.as_ref()).await.map_err(cannot)?;
    let objectives = objectives::read(config, config_file, &defined).map_err(|wrong| objectives::report(&wrong))?;
    let documents = objectives.documents();
    let setup = Setup {
        kinds: objectives.kinds(),
        enrichment: config.budget.flows.iter().map(|flow| flow.enrichment.clone()).collect(),
        sources: sources(&objectives, gateway, platform)?,
        policy: objectives.policy,
        store,
        incidents: engine.sender(),
        clock,
    };
    let budgets = Budgets::start(setup).await.map_err(cannot)?;
    let age_max_seconds = config.budget.gate.age_max.duration().as_secs();
    let mut following = vec![tokio::spawn(follow(budgets.clone(), Arc::clone(gateway), age_max_seconds))];
    if let Some(tables) = tables(config, platform)? {
        following.push(tokio::spawn(tables.run(budgets.clone())));
    }
    Ok(Running { budgets, documents, following })
}

impl Running {
    /// Writes what is left, and stops.
    pub(crate) async fn shutdown(self) {
        for task in self.following {
            task.abort();
        }
        self.budgets.shutdown().await;
    }
}

/// Who may do more than look.
pub(crate) fn access(config: &Config) -> Access {
    let person = |person: &config::Person| {
        (budget::approvals::Person { name: person.name.clone(), role: person.role }, person.token.clone())
    };
    Access::new(config.people.iter().map(person))
}

/// On which terms an objective is kept that somebody defines.
pub(crate) fn terms(config: &Config) -> server::Terms {
    let budget = config.budget.clone();
    Box::new(move |objective| objectives::terms(&budget, objective, objectives::SETTLE_PUSHED))
}

/// Everybody who is asked for counts.
fn sources(
    objectives: &Objectives,
    gateway: &Arc<SharedGateway>,
    platform: Option<&genesys::Client>,
) -> Result<Vec<Arc<dyn Source>>, Report> {
    let mut sources: Vec<Arc<dyn Source>> = Vec::new();
    let counts = objectives.gateway_counts();
    if !counts.is_empty() {
        let gateway = Arc::clone(gateway);
        sources.push(Arc::new(GatewayCounts::new(move || gateway.snapshot(), counts)));
    }
    let cannot = |error| {
        let hint = "see docs/objectives.md; `steadyline config check` reads the objectives";
        Report::from(Failure::new(Exit::Usage, "a source of counts cannot be used", hint).because(error))
    };
    for (url, indicators) in objectives.prometheus() {
        sources.push(Arc::new(PrometheusCounts::new(&url, None, indicators).map_err(cannot)?));
    }
    let indicators = objectives.genesys();
    match (indicators.is_empty(), platform) {
        (true, _) => {}
        (false, Some(client)) => sources.push(Arc::new(GenesysCounts::new(client, indicators).map_err(cannot)?)),
        (false, None) => {
            let hint = "name the organisation under `platform` in the configuration";
            return Err(Failure::new(Exit::Usage, "objectives count on a platform that is not named", hint).into());
        }
    }
    Ok(sources)
}

/// The rows of data tables that tell how flows stand, where any are wanted.
fn tables(config: &Config, platform: Option<&genesys::Client>) -> Result<Option<Tables>, Report> {
    let row = |flow: &config::BudgetFlow| {
        let table = flow.table.as_ref()?;
        Some(FlowRow { flow: flow.name.clone(), table: table.name.clone(), row: table.row.clone() })
    };
    let rows: Vec<_> = config.budget.flows.iter().filter_map(row).collect();
    match (rows.is_empty(), platform) {
        (true, _) => Ok(None),
        (false, Some(client)) => Ok(Some(Tables::new(client.clone(), rows))),
        (false, None) => {
            let hint = "name the organisation under `platform` in the configuration";
            Err(Failure::new(Exit::Usage, "a flow is told in a data table of a platform that is not named", hint)
                .into())
        }
    }
}

/// Tells the gateway what flows do, at once when it changes.
async fn follow(budgets: Budgets, gateway: Arc<SharedGateway>, age_max_seconds: u64) {
    let mut steps = budgets.steps();
    loop {
        let (at, flows) = budgets.flows();
        gateway.obey(&FlowModes { at: Some(at), age_max_seconds, flows });
        if !steps.next().await {
            return;
        }
    }
}
