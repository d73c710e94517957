//! From what the platform told to what a release sees.

use std::collections::{HashMap, HashSet};

use base::{Count, Minute, Minutes, Stretch};
use rollback::Observation;
use rollback::release::Seen;

use super::super::organisation::{Left, Told};
use super::held::Held;

/// Versions by what befalls their callers: whether that tells of other flows.
pub(super) struct Siblings {
    /// It does not, for they are bad themselves. One that is only suspect tells: when the platform is in trouble all are.
    pub(super) bad: Vec<(String, String)>,
    /// It does, whenever they were published, for they were proved good. Of what is new nobody knows: of several versions
    /// that were published together all may be bad.
    pub(super) proved: Vec<(String, String)>,
}

/// What was told, as releases see it.
pub(super) struct View<'a> {
    pub(super) doubted: &'a [Minute],
    /// Versions that something speaks against: what befalls their callers is not normal.
    pub(super) suspect: &'a [(String, String)],
    /// Minutes of flows, by their ids, that lie in maintenance.
    maintained: HashSet<(Minute, &'a str)>,
    /// The minutes that were asked for.
    asked: Stretch,
    /// Each flow's place in a minute: of a thousand flows each release asks for all the others.
    places: HashMap<&'a str, usize>,
    /// What was told, by minute and place.
    told: Vec<Vec<&'a [Left]>>,
}

/// A flow of which something may have been told.
#[derive(Clone, Copy)]
pub(super) struct Place(Option<usize>);

/// What a release sees of a view.
pub(super) struct Sight<'a> {
    view: &'a View<'a>,
    held: &'a Held,
    own: Place,
    siblings: Vec<Sibling<'a>>,
}

/// A flow that a release is compared with, and the versions of it that tell of the platform.
struct Sibling<'a> {
    id: &'a str,
    place: Place,
    versions: Vec<&'a str>,
}

impl<'a> View<'a> {
    /// What was told of the minutes that were asked for, and of no other.
    pub(super) fn new(
        told: &'a Told,
        asked: Stretch,
        doubted: &'a [Minute],
        suspect: &'a [(String, String)],
        maintained: HashSet<(Minute, &'a str)>,
    ) -> Self {
        let mut places = HashMap::new();
        let mut rows = vec![Vec::new(); asked.length().get() as usize];
        for ((minute, flow), left) in &told.counts {
            let row = usize::try_from(minute.get() - asked.from.get()).ok().and_then(|row| rows.get_mut(row));
            let Some(row) = row else { continue };
            let next = places.len();
            let place = *places.entry(flow.as_str()).or_insert(next);
            if row.len() <= place {
                row.resize(place + 1, <&[Left]>::default());
            }
            row[place] = left.as_slice();
        }
        Self { doubted, suspect, maintained, asked, places, told: rows }
    }

    pub(super) fn place(&self, flow: &str) -> Place {
        Place(self.places.get(flow).copied())
    }

    pub(super) fn is_maintained(&self, flow: &str, minute: Minute) -> bool {
        self.maintained.contains(&(minute, flow))
    }

    /// What a release sees, compared with the siblings that tell.
    pub(super) fn sight(&'a self, held: &'a Held, tell: &'a Siblings) -> Sight<'a> {
        let mut proved: HashMap<&str, Vec<&str>> = HashMap::new();
        for (flow, version) in &tell.proved {
            proved.entry(flow).or_default().push(version);
        }
        let siblings = held.siblings.iter().map(|(id, then)| {
            let is_bad = |version: &&str| tell.bad.iter().any(|(flow, bad)| flow == id && bad == version);
            // It had this version at the publish, and may have another one by now.
            let mut versions = proved.get(id.as_str()).cloned().unwrap_or_default();
            versions.push(then);
            versions.retain(|version| !is_bad(version));
            Sibling { id, place: self.place(id), versions }
        });
        Sight { view: self, held, own: self.place(&held.release.facts.flow), siblings: siblings.collect() }
    }

    /// The callers of some versions of a flow in a minute.
    pub(super) fn count(&self, flow: Place, minute: Minute, is_meant: impl Fn(&str) -> bool) -> Count {
        if self.doubted.contains(&minute) {
            return Count::Missing;
        }
        let row = usize::try_from(minute.get() - self.asked.from.get()).ok().and_then(|row| self.told.get(row));
        let versions = row.zip(flow.0).and_then(|(row, place)| row.get(place)).copied().unwrap_or_default();
        let meant = versions.iter().filter(|left| is_meant(&left.version));
        let (errors, all) = meant.fold((0, 0), |(errors, all), left: &Left| (errors + left.errors, all + left.all));
        Count::bad(errors, all).unwrap_or(Count::Missing)
    }
}

impl Sight<'_> {
    pub(super) fn seen(&self, minute: Minute) -> Seen {
        let (view, facts) = (self.view, &self.held.release.facts);
        let own = |version: &str| version == facts.version;
        // What befalls callers of a flow that people work on tells nothing of other flows, either.
        let siblings = self.siblings.iter().filter(|sibling| !view.is_maintained(sibling.id, minute));
        let siblings = siblings.map(|sibling| view.count(sibling.place, minute, |it| sibling.versions.contains(&it)));
        Seen {
            of: Observation { count: view.count(self.own, minute, own), siblings: sum(siblings) },
            others: view.count(self.own, minute, |version| !own(version)),
            is_maintained: view.is_maintained(&facts.flow, minute),
        }
    }
}

/// The minutes that lie in maintenance of flows, by their names here and their ids.
pub(super) fn maintained<'a>(
    flows: &'a [(String, String)],
    minutes: Stretch,
    is_maintained: &dyn Fn(&str, &str, Minute) -> bool,
) -> HashSet<(Minute, &'a str)> {
    let minutes = || (minutes.from.get()..minutes.until.get()).map(Minute::new);
    let of = |(name, id): &'a (String, String)| {
        minutes().filter(move |minute| is_maintained(name, id, *minute)).map(move |minute| (minute, id.as_str()))
    };
    flows.iter().flat_map(of).collect()
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
