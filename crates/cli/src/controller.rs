//! The controller: engine and store behind one handle, and what connects a gateway to them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use api::{CircuitPhase, Exit, GatewaySnapshot};
use clock::Clock;
use config::Channel;
use engine::courier::{Courier, PagerDuty, Webhook, WebhookSecret};
use engine::deployments::Deployments;
use engine::{Engine, Handle, Policy, Receiver, Sender, Setup};
use miette::Report;
use secrecy::ExposeSecret as _;
use store::{Sqlite, Store, StoreError};

use crate::failure::Failure;

/// What an engine is started with.
pub(crate) struct Order<'a> {
    /// Name of the organisation in keys and pages.
    pub(crate) org: &'a str,
    /// The database file.
    pub(crate) store: &'a Path,
    /// Who is told.
    pub(crate) alerts: &'a [config::Receiver],
    /// Its time.
    pub(crate) clock: Clock,
    /// Seed of all its chance.
    pub(crate) seed: u64,
}

/// Opens the store and starts the engine over it.
pub(crate) async fn start(order: Order<'_>) -> Result<(Handle, Arc<dyn Store>), Report> {
    let Order { org, store, alerts, clock, seed } = order;
    let receivers = alerts.iter().map(receiver).collect::<Result<_, _>>()?;
    let opened = Sqlite::open(store).await.map_err(|error| cannot_open(store, error))?;
    let store: Arc<dyn Store> = Arc::new(opened);
    let setup = Setup { store: Arc::clone(&store), receivers, clock, policy: Policy::standard(org), seed };
    let engine = Engine::start(setup).await.map_err(|error| {
        let hint = "run `steadyline doctor`; a damaged store is best replaced by its latest backup";
        Report::from(Failure::new(Exit::Usage, "the engine cannot be started", hint).because(error))
    })?;
    Ok((engine, store))
}

/// The deployments that two people agree on, as they were kept.
pub(crate) async fn deployments(store: &Arc<dyn Store>, clock: &Clock) -> Result<Deployments, Report> {
    Deployments::start(Arc::clone(store), clock.clone()).await.map_err(|error| {
        let hint = "run `steadyline doctor`; a damaged store is best replaced by its latest backup";
        Failure::new(Exit::Usage, "the approvals of deployments cannot be read", hint).because(error).into()
    })
}

fn cannot_open(path: &Path, error: StoreError) -> Report {
    let exit = if matches!(error, StoreError::Held) { Exit::Held } else { Exit::Usage };
    let message = format!("the store {} cannot be opened", path.display());
    let hint = format!("{} A gateway alone needs no store: `--role gateway`.", error.hint());
    Failure::new(exit, message, hint).because(error).into()
}

/// The courier that a configured receiver asks for.
pub(crate) fn receiver(receiver: &config::Receiver) -> Result<Receiver, Report> {
    let cannot = |hint: &str| {
        let message = format!("pages cannot be sent to receiver `{}`", receiver.name);
        Failure::new(Exit::Usage, message, hint)
    };
    let courier: Arc<dyn Courier> = match &receiver.channel {
        Channel::PagerDuty { base, routing_key } => {
            let courier = PagerDuty::new(&base.to_string(), routing_key.clone());
            Arc::new(courier.map_err(|error| cannot("check the receiver's `url`").because(error))?)
        }
        Channel::Webhook { url, secrets } => {
            let secrets = secrets.iter().map(|secret| WebhookSecret::parse(secret.expose_secret()));
            let hint = "a secret is `whsec_` and the base64 of 24 to 64 random bytes";
            let secrets = secrets.collect::<Result<_, _>>().map_err(|error| cannot(hint).because(error))?;
            let courier = Webhook::new(&url.to_string(), secrets);
            Arc::new(courier.map_err(|error| cannot("check the receiver's `url`").because(error))?)
        }
    };
    Ok(Receiver { name: receiver.name.as_str().into(), courier })
}

/// Tells the engine what a gateway says about itself beyond its circuit records.
pub(crate) struct Reporter {
    sender: Sender,
    lost_told: u64,
    well_told: BTreeSet<String>,
}

impl Reporter {
    /// A reporter to the engine behind `sender`.
    pub(crate) fn new(sender: Sender) -> Self {
        Self { sender, lost_told: 0, well_told: BTreeSet::new() }
    }

    /// A circuit changed.
    pub(crate) fn changed(&self, transition: degrade::Transition) {
        self.sender.circuit(transition);
    }

    /// The regular look: records that were lost on the way, and circuits that were well from the start.
    ///
    /// A circuit that has answered and never changed has no record to send, yet it ends an incident that an
    /// earlier run left open.
    pub(crate) fn look(&mut self, snapshot: &GatewaySnapshot, lost: u64) {
        if self.lost_told < lost {
            self.sender.records_lost(lost - self.lost_told);
            self.lost_told = lost;
        }
        for circuit in snapshot.upstreams.iter().flat_map(|upstream| &upstream.circuits) {
            let never_changed = circuit.phase == CircuitPhase::Closed && circuit.since.is_none();
            let has_answered = circuit.latency_ms_p99.is_some();
            if never_changed && has_answered && self.well_told.insert(circuit.name.clone()) {
                self.sender.circuit_well(circuit.name.as_str().into());
            }
        }
    }
}
