//! The past: counts and what people agreed on, from the store, and as events of a policy.

use std::path::PathBuf;

use api::Exit;
use budget::approvals::Request;
use budget::backtest::{Past, acts, merge};
use budget::book::{Event, Policy};
use budget::{Minute, Minutes};
use engine::budget::{StoredCount, StoredError, requests, stored};
use miette::Report;
use store::{Sqlite, StoreError};

use super::Named;
use crate::failure::Failure;
use crate::settings::{Global, without_secrets};

/// How much more than the longest window counts before the first minute.
const MARGIN: Minutes = Minutes::days(2);

/// Counts in the order in which they came, of objectives by their ids.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) ids: Vec<String>,
    pub(super) list: Vec<StoredCount>,
    /// Maintenance and resets; none where counts come from a file.
    pub(super) requests: Vec<Request>,
}

/// Which counts are asked for.
pub(super) struct Asked<'a> {
    pub(super) from: Option<Minute>,
    pub(super) until: Option<Minute>,
    pub(super) policies: &'a [Named],
}

/// The store, where it is needed, and the objectives that were defined in it.
pub(super) struct Defined {
    store: Option<Sqlite>,
    objectives: Vec<(String, String)>,
}

impl Counts {
    /// The place of each of its objectives in a policy.
    pub(super) fn places(&self, policy: &Policy) -> Vec<Option<usize>> {
        let place = |id: &String| policy.objectives.iter().position(|terms| terms.objective.id == *id);
        self.ids.iter().map(place).collect()
    }

    /// The first minute by which all of it has come; `None` when nothing was counted.
    pub(super) fn last(&self) -> Option<Minute> {
        let last = self.list.iter().map(|count| count.at).max()?;
        let acted = acts(&self.requests).last().map(|act| Minute::of(act.at) + Minutes::new(1));
        Some(acted.map_or(last, |acted| acted.max(last)))
    }

    /// As events of the policy that has its objectives at these places.
    pub(super) fn past<'a>(&'a self, places: &'a [Option<usize>]) -> impl Iterator<Item = Past> + 'a {
        let counts = self.list.iter().filter_map(|StoredCount { objective, minute, count, at }| {
            let objective = places.get(*objective).copied().flatten()?;
            Some(Past { at: at.start(), event: Event::Counted { objective, minute: *minute, count: *count } })
        });
        merge(counts, acts(&self.requests).into_iter())
    }
}

/// The ids of a policy's objectives.
pub(super) fn ids(policy: &Policy) -> Vec<String> {
    policy.objectives.iter().map(|terms| terms.objective.id.clone()).collect()
}

impl Defined {
    /// Opens the store of the configuration when it is needed.
    pub(super) async fn open(is_needed: bool, global: &Global) -> Result<Self, Report> {
        if !is_needed {
            return Ok(Self { store: None, objectives: Vec::new() });
        }
        let path: PathBuf = without_secrets(&global.source()?)?.store.path;
        if !path.exists() {
            let message = format!("there is no store at {}", path.display());
            let hint = "give counts with `--counts FILE.csv`, or the configuration of a server that has counted";
            return Err(Failure::new(Exit::Usage, message, hint).into());
        }
        let store = Sqlite::open(&path).await.map_err(|error| cannot_open(&path.display().to_string(), error))?;
        let objectives = engine::budget::defined(&store).await.map_err(|error| cannot_read(error.into()))?;
        Ok(Self { store: Some(store), objectives })
    }

    /// The objectives that were defined while a server ran, as ids and documents.
    pub(super) fn objectives(&self) -> &[(String, String)] {
        &self.objectives
    }

    /// What is stored of the policies' objectives, with what counts before the first minute.
    pub(super) async fn counts(&self, asked: &Asked<'_>) -> Result<Counts, Report> {
        let mut all: Vec<_> = asked.policies.iter().flat_map(|named| ids(&named.policy)).collect();
        all.sort();
        all.dedup();
        let Some(store) = &self.store else { return Ok(Counts { ids: all, list: Vec::new(), requests: Vec::new() }) };
        let terms = asked.policies.iter().flat_map(|named| &named.policy.objectives);
        let longest = terms.map(|terms| terms.objective.window.longest()).max().unwrap_or_default();
        let from = asked.from.map_or(Minute::new(0), |from| from - longest - MARGIN);
        let until = asked.until.unwrap_or(Minute::new(i64::MAX));
        let list = stored(store, &all, from, until).await.map_err(cannot_read)?;
        let requests = requests(store).await.map_err(|error| cannot_read(error.into()))?;
        Ok(Counts { ids: all, list, requests })
    }

    /// Lets go of the store, so that a server may have it.
    pub(super) async fn close(self) {
        if let Some(store) = self.store {
            store.close().await;
        }
    }
}

fn cannot_open(path: &str, error: StoreError) -> Report {
    let message = format!("the store {path} cannot be opened");
    let failure = if matches!(error, StoreError::Held) {
        let hint = "stop the server for as long as this takes, or give counts with `--counts FILE.csv`";
        Failure::new(Exit::Held, message, hint)
    } else {
        Failure::new(Exit::Usage, message, error.hint())
    };
    failure.because(error).into()
}

fn cannot_read(error: StoredError) -> Report {
    let hint = match error {
        StoredError::TooMany => "begin later with `--from`, or end earlier with `--until`",
        StoredError::Load(_) => "run `steadyline doctor`; a damaged store is best replaced by its latest backup",
    };
    Failure::new(Exit::Usage, "the stored counts cannot be used", hint).because(error).into()
}
