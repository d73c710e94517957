//! Releases of one controller: watched, gone back from, and shown.

use std::sync::Arc;

use api::Exit;
use clock::Clock;
use config::Config;
use engine::Handle;
use engine::budget::Budgets;
use engine::rollback::guard::{self, Policy, Watched};
use engine::rollback::{GenesysOrganisation, GenesysPlatform, Guard, Rollbacks};
use engine::wiring;
use miette::Report;
use server::Releases;
use store::Store;

use crate::failure::Failure;

/// What releases are watched with.
pub(crate) struct Order<'a> {
    pub(crate) config: &'a Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) engine: &'a Handle,
    pub(crate) budgets: &'a Budgets,
    /// The organisation, where one is watched.
    pub(crate) platform: Option<&'a genesys::Client>,
    pub(crate) clock: Clock,
}

/// Watched releases.
pub(crate) struct Running {
    guard: Guard,
    rollbacks: Rollbacks,
}

/// Begins to watch; `None` when no flow is to be watched, or no organisation is there.
pub(crate) async fn start(order: Order<'_>) -> Result<Option<Running>, Report> {
    let Order { config, store, engine, budgets, platform, clock } = order;
    let Some(client) = platform.filter(|_| !config.rollback.flows.is_empty()) else { return Ok(None) };
    let rollbacks = Rollbacks::start(engine::rollback::Setup {
        // Unique to this process and its start: a number comes back, an instant does not.
        holder: format!("{}-{}", std::process::id(), clock.now().wall),
        platform: Arc::new(GenesysPlatform::new(client)),
        store: Arc::clone(&store),
        clock: clock.clone(),
        lockout: config.rollback.lockout,
    });
    let rollbacks = rollbacks.await;
    let setup = guard::Setup {
        policy: policy(&config.rollback),
        organisation: Arc::new(GenesysOrganisation::new(client)),
        rollbacks: rollbacks.clone(),
        store,
        incidents: engine.sender(),
        neighbours: wiring::beside(budgets),
        clock,
    };
    let guard = Guard::start(setup).await.map_err(|error| {
        let hint = "run `steadyline doctor`; a damaged store is best replaced by its latest backup";
        Report::from(Failure::new(Exit::Usage, "releases cannot be watched", hint).because(error))
    })?;
    Ok(Some(Running { guard, rollbacks }))
}

fn policy(rollback: &config::Rollback) -> Policy {
    let watched = |flow: &config::RollbackFlow| Watched {
        name: flow.name.clone(),
        mode: flow.mode,
        siblings: flow.siblings.clone(),
    };
    Policy {
        watch: rollback.policy,
        recovery: Default::default(),
        false_rollbacks_per_year: rollback.false_rollbacks_per_year,
        releases_per_year: rollback.releases_per_year,
        history: rollback.history,
        arm_after: rollback.arm_after,
        locked: rollback.locked,
        flows: rollback.flows.iter().map(watched).collect(),
    }
}

impl Running {
    /// What goes on.
    pub(crate) const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// As pages and the API see them.
    pub(crate) fn shown(&self) -> Arc<dyn Releases> {
        Arc::new(self.guard.clone())
    }

    /// Stops between two steps; whoever takes over goes on.
    pub(crate) async fn shutdown(self) {
        self.guard.shutdown().await;
        self.rollbacks.shutdown().await;
    }
}
