//! The organisations of a review: those of the configuration, or a twin that is started for it.

use std::net::SocketAddr;

use api::Exit;
use clock::Clock;
use config::{Place, Platform, PlatformClient};
use engine::review::Organisation;
use genesys::Client;
use miette::Report;
use twin::scenario::Scenario;
use twin::{DEFAULT_CLIENT, Options, Twin, TwinHandle};

use super::Review;
use super::order::Order;
use crate::failure::Failure;
use crate::settings::Global;
use crate::{platform, target};

/// The target that is a twin.
pub(super) const TWIN: &str = "twin";
/// The OAuth client of a twin's scenario that is taken for the backup credential.
const TWIN_BACKUP: (&str, &str) = ("twin-backup", "twin-secret");
/// A twin is ours alone: its own limit of requests is the only one.
const TWIN_REQUESTS: u32 = 100_000;

/// Where a review takes place.
pub(super) struct Stage {
    pub(super) target: Organisation,
    pub(super) other: Option<Organisation>,
    pub(super) backup: Option<Client>,
    /// How many of each licence were bought, where the configuration says it.
    pub(super) bought: std::collections::BTreeMap<String, u64>,
    twins: Vec<TwinHandle>,
}

impl Stage {
    pub(super) async fn set(review: &Review, order: &Order, clock: &Clock, global: &Global) -> Result<Self, Report> {
        if review.target == TWIN {
            Self::of_twin(order, clock).await
        } else {
            Self::of_targets(review, order, clock, global)
        }
    }

    fn of_targets(review: &Review, order: &Order, clock: &Clock, global: &Global) -> Result<Self, Report> {
        let chosen = target::choose(Some(&review.target), global)?;
        let named = |name: &str| target::choose(Some(name), global).map(organisation);
        let other = order.launch.compare.as_deref().map(named).transpose()?;
        let backup = platform::backup(&chosen.target.platform, clock.clone()).transpose()?;
        let bought = chosen.target.platform.licences.clone();
        Ok(Self { target: organisation(chosen), other, backup, bought, twins: Vec::new() })
    }

    async fn of_twin(order: &Order, clock: &Clock) -> Result<Self, Report> {
        let twins = twins(order, clock).await?;
        let mut organisations = Vec::new();
        for (twin, name) in twins.iter().zip([TWIN, order.launch.compare.as_deref().unwrap_or("twin-2")]) {
            let client = client(twin, DEFAULT_CLIENT, clock)?;
            organisations.push(Organisation { name: name.to_owned(), client, is_production: false });
        }
        let mut organisations = organisations.into_iter();
        let (target, second) = (organisations.next(), organisations.next());
        let target = target.ok_or_else(|| Failure::told(Exit::Defect, "a twin without an organisation"))?;
        let backup = match &order.launch.plan.recovery {
            Some(_) => Some(client(&twins[0], TWIN_BACKUP, clock)?),
            None => None,
        };
        if order.launch.compare.is_some() && second.is_none() {
            let hint = "give the scenario under `twin` a second organisation, or take `compare` out of the plan";
            return Err(Failure::new(Exit::Usage, "the twin has nothing to be compared with", hint).into());
        }
        let other = second.filter(|_| order.launch.compare.is_some());
        Ok(Self { target, other, backup, bought: Default::default(), twins })
    }

    /// Ends what was started.
    pub(super) async fn strike(self) {
        for twin in self.twins {
            twin.shutdown().await;
        }
    }
}

fn organisation(chosen: target::Chosen) -> Organisation {
    let target::Chosen { target, client, .. } = chosen;
    Organisation { name: target.name, client, is_production: target.is_production }
}

async fn twins(order: &Order, clock: &Clock) -> Result<Vec<TwinHandle>, Report> {
    let started = match &order.launch.twin {
        Some(path) => {
            let unplayable = |error| {
                let hint = "correct what is named above; `twin` of the plan names a scenario";
                Failure::new(Exit::Usage, "the scenario cannot be played", hint).because(error)
            };
            let built = Scenario::read(path).and_then(|scenario| scenario.build(clock.now())).map_err(unplayable)?;
            Twin::play(built, SocketAddr::from(([127, 0, 0, 1], 0)), clock.clone()).await
        }
        None => Twin::start(Options::new(clock.clone())).await.map(|twin| vec![twin]),
    };
    let twins = started.map_err(|error| {
        let hint = "check the environment of this process";
        Failure::new(Exit::Usage, "the twin cannot be started", hint).because(error)
    })?;
    // Without a scenario the plan's own flows are all that there is; with one they may be there already.
    if order.launch.twin.is_none() {
        for (name, text) in &order.texts {
            twins[0].load_flow(text).map_err(|problems| {
                let hint = "correct what is named above; `steadyline flow lint` shows every place";
                Failure::new(Exit::Usage, format!("the flow `{name}` cannot be loaded"), hint).because(problems)
            })?;
        }
    }
    Ok(twins)
}

fn client(twin: &TwinHandle, (id, secret): (&str, &str), clock: &Clock) -> Result<Client, Report> {
    let platform = Platform {
        place: Place::Gateway { url: twin.base_url(), login_prefix: String::new(), api_prefix: String::new() },
        client: PlatformClient { id: id.to_owned(), secret: secret.into() },
        backup: None,
        requests_per_minute: TWIN_REQUESTS,
        reserved_percent: 0,
        licences: Default::default(),
        health_hosts: Vec::new(),
    };
    platform::client(&platform, clock.clone())
}
