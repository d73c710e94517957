//! A watched flow: what the platform calls it, what is kept of it, and its past.

use base::{Count, Minute, Minutes};
use jiff::Timestamp;
use rollback::Mode;
use rollback::release::Release;
use rollback::replay::Armed;

use super::super::organisation::Flow;
use super::super::past::Past;
use super::by_hand::ByHand;
use super::seen::View;
use super::state::Out;
use super::{Policy, VERSIONS_MAX, words};

/// A past is asked again whether it has false alarms after so long.
const ARMED_FOR: Minutes = Minutes::days(1);

/// A watched flow.
pub(super) struct Guarded {
    pub(super) name: String,
    pub(super) mode: Mode,
    pub(super) siblings: Option<Vec<String>>,
    /// What the platform calls it, once it was found.
    pub(super) found: Option<Found>,
    pub(super) known: Known,
    pub(super) past: Past,
    /// Minutes of the past that are still to be asked for end here.
    pub(super) unread: Option<Minute>,
    pub(super) trouble: Option<String>,
    /// How often in a row the platform did not have it.
    pub(super) misses: u32,
    /// Whether people were told so; `None` before it is known what an earlier run has told.
    pub(super) is_missed: Option<bool>,
    pub(super) is_unsaved: bool,
}

/// What the platform calls a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) name: String,
}

/// What is kept of a flow.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Known {
    /// The version that callers got when somebody last looked, and since when.
    pub(super) published: Option<(String, Timestamp)>,
    /// Versions that were proved good, the latest last.
    pub(super) good: Vec<String>,
    /// Versions that were bad, the latest last.
    pub(super) bad: Vec<String>,
    /// What its past says about going back automatically, when, and under which policy.
    pub(super) armed: Option<(Armed, Timestamp, String)>,
    /// Going back has not helped: no release until somebody publishes.
    pub(super) not_helped: Option<String>,
    /// The last rollback of somebody's own wish that was told of.
    pub(super) by_hand: Option<ByHand>,
}

impl Guarded {
    pub(super) fn is(&self, id: &str) -> bool {
        self.found.as_ref().is_some_and(|found| found.id == id)
    }

    pub(super) fn publish(&mut self, flow: &Flow, since: Timestamp, out: &mut Out) {
        self.over_by_hand(&words::published(flow), out);
        self.known.published = flow.version.clone().map(|version| (version, since));
        self.known.not_helped = None;
        self.is_unsaved = true;
    }

    /// Minutes of the past, without versions that are suspect or bad, and not at all when they lie in maintenance.
    pub(super) fn remember(&mut self, view: &View<'_>, minutes: impl Iterator<Item = Minute>) {
        let Some(found) = &self.found else { return };
        let place = view.place(&found.id);
        let is_suspect = |version: &str| view.suspect.iter().any(|(flow, bad)| *flow == found.id && bad == version);
        let is_normal = |version: &str| !self.known.bad.iter().any(|bad| bad == version) && !is_suspect(version);
        for minute in minutes {
            let is_maintained = view.is_maintained(&found.id, minute);
            let count = if is_maintained { Count::Missing } else { view.count(place, minute, is_normal) };
            self.past.put(minute, count);
        }
    }

    /// A release turned out to be bad: its callers were not normal, however long it took to know.
    pub(super) fn never_mind(&mut self, release: &Release) {
        let first = Minute::of(release.facts.at);
        let known = self.past.stretch();
        for (place, seen) in (0..).zip(release.seen()) {
            let minute = first + Minutes::new(place);
            if known.contains(minute) && !seen.is_maintained {
                self.past.put(minute, seen.others);
            }
        }
    }

    pub(super) fn is_good(&mut self, version: &str) {
        push_last(&mut self.known.good, version);
        self.known.bad.retain(|bad| bad != version);
        self.is_unsaved = true;
    }

    pub(super) fn is_bad(&mut self, version: &str) {
        push_last(&mut self.known.bad, version);
        self.known.good.retain(|good| good != version);
        self.is_unsaved = true;
    }

    /// Whether it may be gone back automatically: its own past was asked under the present policy, and has no false alarm.
    pub(super) fn is_armed(&self, policy: &Policy) -> bool {
        self.known.armed.as_ref().is_some_and(|(armed, _, mark)| armed.fired == 0 && *mark == words::mark(policy))
    }

    pub(super) fn is_to_arm(&self, policy: &Policy, now: Timestamp) -> bool {
        let is_asked = self.known.armed.as_ref().is_some_and(|(_, at, mark)| {
            *mark == words::mark(policy) && Minute::of(now).since(Minute::of(*at)) < ARMED_FOR
        });
        self.mode == Mode::Automatic && self.found.is_some() && !is_asked && policy.arm_after.get() <= self.past.known()
    }
}

fn push_last(versions: &mut Vec<String>, version: &str) {
    versions.retain(|known| known != version);
    versions.push(version.to_owned());
    if VERSIONS_MAX < versions.len() {
        versions.remove(0);
    }
}
