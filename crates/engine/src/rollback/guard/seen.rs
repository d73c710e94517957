//! From what the platform told to what a release sees.

use std::collections::HashMap;

use base::{Count, Minute, Minutes};
use rollback::Observation;
use rollback::release::Seen;

use super::super::organisation::{Left, Told};
use super::held::Held;

/// What was told, as releases see it.
pub(super) struct View<'a> {
    pub(super) doubted: &'a [Minute],
    /// Versions that something speaks against: what befalls their callers tells nothing of other flows.
    pub(super) suspect: &'a [(String, String)],
    pub(super) is_maintained: &'a dyn Fn(&str, &str, Minute) -> bool,
    /// What was told, to be found at once: of a thousand flows each release asks for all the others.
    told: HashMap<(Minute, &'a str), &'a [Left]>,
}

impl<'a> View<'a> {
    pub(super) fn new(
        told: &'a Told,
        doubted: &'a [Minute],
        suspect: &'a [(String, String)],
        is_maintained: &'a dyn Fn(&str, &str, Minute) -> bool,
    ) -> Self {
        let told = told.counts.iter().map(|((minute, flow), left)| ((*minute, flow.as_str()), left.as_slice()));
        Self { doubted, suspect, is_maintained, told: told.collect() }
    }

    pub(super) fn seen(&self, held: &Held, name: &str, minute: Minute) -> Seen {
        let facts = &held.release.facts;
        let own = |version: &str| version == facts.version;
        let siblings = held.siblings.iter().filter(|sibling| !self.suspect.contains(sibling));
        let siblings = siblings.map(|(id, version)| self.count(id, minute, |it| it == version));
        Seen {
            of: Observation { count: self.count(&facts.flow, minute, own), siblings: sum(siblings) },
            others: self.count(&facts.flow, minute, |version| !own(version)),
            is_maintained: (self.is_maintained)(name, &facts.flow, minute),
        }
    }

    /// The callers of some versions of a flow in a minute.
    pub(super) fn count(&self, flow: &str, minute: Minute, is_meant: impl Fn(&str) -> bool) -> Count {
        if self.doubted.contains(&minute) {
            return Count::Missing;
        }
        let versions = self.told.get(&(minute, flow)).copied().unwrap_or_default();
        let meant = versions.iter().filter(|left| is_meant(&left.version));
        let (errors, all) = meant.fold((0, 0), |(errors, all), left: &Left| (errors + left.errors, all + left.all));
        Count::bad(errors, all).unwrap_or(Count::Missing)
    }
}

impl Told {
    pub(super) fn of_minute(&self, minute: Minute) -> u64 {
        let from = (minute, String::new());
        let until = (minute + Minutes::new(1), String::new());
        self.counts.range(from..until).flat_map(|(_, versions)| versions).map(|left| left.all).sum()
    }
}

/// Several counts of one minute; unknown when each of them is.
pub(super) fn sum(counts: impl Iterator<Item = Count>) -> Count {
    let (mut bad, mut total, mut is_known) = (0u64, 0u64, false);
    for count in counts {
        let (more_bad, more) = count.pair();
        (bad, total, is_known) = (bad + u64::from(more_bad), total + u64::from(more), is_known || count.is_known());
    }
    if is_known { Count::bad(bad, total).unwrap_or(Count::Missing) } else { Count::Missing }
}
