//! Which variables somebody may still read: what nobody reads makes no difference between two states.

use std::collections::{BTreeSet, HashMap};

use crate::chart::{Chart, Handling, StepId};
use crate::lint::facts;

/// Variables that are read from each action on, found when they are asked for.
pub(super) struct Live<'a> {
    chart: &'a Chart,
    follows: Vec<Vec<StepId>>,
    known: HashMap<StepId, BTreeSet<String>>,
    /// True when an error may lead anywhere: then every variable may be read.
    is_everything: bool,
}

impl<'a> Live<'a> {
    pub(super) fn new(chart: &'a Chart) -> Self {
        Self {
            chart,
            follows: facts::successors(chart, true),
            known: HashMap::new(),
            is_everything: matches!(chart.on_error.handling, Handling::Jump(_)),
        }
    }

    /// Variables that are read at `id` or later, by their names in lower case; none when every one may be.
    pub(super) fn after(&mut self, id: Option<StepId>) -> Option<&BTreeSet<String>> {
        let id = id.filter(|_| !self.is_everything)?;
        let (chart, follows) = (self.chart, &self.follows);
        Some(self.known.entry(id).or_insert_with(|| {
            let reached = facts::reach_in(follows, [id], |_| false);
            let read = reached.iter().flat_map(|id| &chart.step(id).expressions);
            read.flat_map(|(_, expr)| facts::variables(expr)).map(|name| name.to_ascii_lowercase()).collect()
        }))
    }
}
