//! Reviews of one controller: made at night, kept, and shown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::Exit;
use async_trait::async_trait;
use clock::Clock;
use config::{Config, Launch, load_plan};
use engine::Handle;
use engine::budget::Budgets;
use engine::review::nightly::{self, Nightly, Reviewer};
use engine::review::{Evidence, Organisation, Reviews, learn};
use genesys::Client;
use miette::Report;
use review::{Gap, Gate, Objective};
use store::Store;

use crate::failure::Failure;
use crate::platform;

/// What reviews are made and kept with.
pub(crate) struct Order<'a> {
    pub(crate) config: &'a Config,
    /// From whose folder plans are named.
    pub(crate) config_file: Option<&'a Path>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) engine: &'a Handle,
    pub(crate) budgets: &'a Budgets,
    /// The organisation of the section `platform`: who else asks it shares its token and its requests.
    pub(crate) platform: Option<&'a Client>,
    pub(crate) clock: Clock,
}

/// Begins to review at night, and to take what pipelines hand in.
pub(crate) async fn start(order: Order<'_>) -> Result<Reviews, Report> {
    let Order { config, config_file, store, engine, budgets, platform, clock } = order;
    let nightly = |plan: &config::NightlyPlan| Nightly {
        file: plan.file.clone(),
        target: plan.target.clone(),
        at: plan.at,
        zone: plan.zone.clone(),
        keep: plan.keep,
    };
    let plans: Vec<Nightly> = config.review.plans.iter().map(nightly).collect();
    let reviewer = Targets {
        folder: config_file.and_then(Path::parent).unwrap_or(Path::new("")).to_owned(),
        // Whoever reviews nothing needs nobody's client.
        known: if plans.is_empty() { BTreeMap::new() } else { targets(config, platform, &clock)? },
        budgets: budgets.clone(),
        clock: clock.clone(),
    };
    let setup = nightly::Setup {
        plans,
        reviewer: Arc::new(reviewer),
        owner: config.review.owner.clone(),
        // Unique to this process and its start: a number comes back, an instant does not.
        holder: format!("{}-{}", std::process::id(), clock.now().wall),
        store,
        incidents: engine.sender(),
        clock,
    };
    Reviews::start(setup).await.map_err(|error| {
        let hint = "run `steadyline doctor`; a damaged store is best replaced by its latest backup";
        Failure::new(Exit::Usage, "the reviews that were kept cannot be read", hint).because(error).into()
    })
}

/// The targets of the configuration.
struct Targets {
    folder: PathBuf,
    known: BTreeMap<String, Target>,
    budgets: Budgets,
    clock: Clock,
}

struct Target {
    organisation: Organisation,
    /// A client with the backup credential alone.
    backup: Option<Client>,
    /// How many of each licence were bought.
    bought: BTreeMap<String, u64>,
}

fn targets(config: &Config, platform: Option<&Client>, clock: &Clock) -> Result<BTreeMap<String, Target>, Report> {
    let mut known = BTreeMap::new();
    for target in &config.review.targets {
        let client = match platform.filter(|_| target.name == config::PLATFORM_TARGET) {
            Some(client) => client.clone(),
            None => platform::client(&target.platform, clock.clone())?,
        };
        let organisation = Organisation { name: target.name.clone(), client, is_production: target.is_production };
        let backup = platform::backup(&target.platform, clock.clone()).transpose()?;
        let bought = target.platform.licences.clone();
        known.insert(target.name.clone(), Target { organisation, backup, bought });
    }
    Ok(known)
}

/// A plan, and the texts of the flows that it names files for.
struct Read {
    text: String,
    launch: Launch,
    texts: BTreeMap<String, String>,
}

#[async_trait]
impl Reviewer for Targets {
    async fn learn(&self, plan: &Nightly) -> Result<Evidence, Gap> {
        let path = self.folder.join(&plan.file);
        let read = tokio::task::spawn_blocking(move || read(&path)).await;
        let Read { text, launch, texts } = read.unwrap_or_else(|_| Err(unread(&plan.file, "reading it broke off")))?;
        let target = self.target(&plan.target)?;
        let other = launch.compare.as_deref().map(|name| self.target(name)).transpose()?;
        let setup = engine::review::Setup {
            launch: &launch,
            texts,
            target: target.organisation.clone(),
            other: other.map(|other| other.organisation.clone()),
            backup: target.backup.clone(),
            gates: Ok(launch.plan.objectives.iter().map(|id| self.gate(id)).collect()),
            objectives: Ok(self.objectives()),
            clock: self.clock.clone(),
            tell: Arc::new(|_| {}),
        };
        let mut facts = learn(&setup).await;
        facts.bought = target.bought.clone();
        Ok(Evidence { file: plan.file.clone(), plan: text, at: self.clock.now().wall, facts })
    }
}

impl Targets {
    fn target(&self, name: &str) -> Result<&Target, Gap> {
        self.known.get(name).ok_or_else(|| Gap {
            why: format!("there is no target `{name}`"),
            fix: "name it under `review.targets` in the configuration of the controller".to_owned(),
        })
    }

    /// What the gate of this controller says; nobody asks for a launch, so it is not written down.
    fn gate(&self, id: &str) -> Gate {
        let answer = self.budgets.peek(&[id.to_owned()], &[]);
        Gate { of: id.to_owned(), is_allowed: answer.allowed, reasons: answer.reasons }
    }

    fn objectives(&self) -> Vec<Objective> {
        let one = |it: &api::ObjectiveView| {
            let (id, has_alerts) = (it.id.clone(), !it.alerts.is_empty());
            Objective { id, owner: None, has_alerts }
        };
        self.budgets.list().objectives.iter().map(one).collect()
    }
}

fn read(path: &Path) -> Result<Read, Gap> {
    let file = |path: &Path| {
        let unread = |error: std::io::Error| unread(&path.display().to_string(), &error.to_string());
        std::fs::read_to_string(path).map_err(unread)
    };
    let text = file(path)?;
    let launch = load_plan(path, &text).map_err(|invalid| unread(&path.display().to_string(), &invalid.to_string()))?;
    let texts = launch.files.iter().map(|(name, path)| Ok((name.clone(), file(path)?)));
    let texts = texts.collect::<Result<_, Gap>>()?;
    Ok(Read { text, launch, texts })
}

fn unread(file: &str, why: &str) -> Gap {
    Gap {
        why: format!("{file} cannot be read: {why}"),
        fix: "`steadyline review PLAN --target NAME --dry-run` shows whether a plan can be read".to_owned(),
    }
}

#[cfg(test)]
#[path = "reviews/tests.rs"]
mod tests;
