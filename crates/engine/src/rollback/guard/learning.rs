//! What the past of flows says: what is normal, and whether they may be gone back automatically.

use std::collections::HashSet;

use base::{Minute, Minutes};
use jiff::Timestamp;
use rollback::release;
use rollback::replay::Armed;
use rollback::{Baseline, Observation, Terms};
use store::AuditEntry;

use super::super::past::{self, Past};
use super::flow::Guarded;
use super::state::{Out, State};
use super::words;

/// So much of a past says more than nothing.
const LEARNED_FROM: Minutes = Minutes::hours(6);

impl State {
    /// What a flow's past before a minute says is normal.
    pub(super) fn terms(&self, place: usize, siblings: &[(String, String)], published: Minute) -> Terms {
        let past = &self.flows[place].past;
        // All that is known of them, to the present minute: what a few minutes more say of a month is next to nothing, and
        // adding up a thousand months at each publish would keep everybody else waiting.
        let share = past::share_of(self.pasts_of(siblings));
        let baseline = Baseline::learn(&past.before(published), share, self.policy.watch.alpha_baseline());
        Terms::new(self.policy.watch, baseline)
    }

    /// Releases whose flow's past was not read yet when they were published learn from it once it was; those that knew
    /// nothing, as soon as there is a little.
    pub(super) fn learn(&mut self, now: Timestamp) -> Out {
        let mut out = Out::default();
        for place in 0..self.releases.len() {
            let held = &self.releases[place];
            let flow = self.flows.iter().position(|flow| flow.is(&held.release.facts.flow));
            let Some(flow) = flow.filter(|_| held.is_learning && !held.release.is_over()) else { continue };
            let is_read = self.flows[flow].unread.is_none();
            let knows_nothing = held.release.terms.baseline().is_none();
            if is_read || (knows_nothing && LEARNED_FROM.get() <= self.flows[flow].past.known()) {
                let terms = self.terms(flow, &held.siblings.clone(), Minute::of(held.release.facts.at));
                let (release, effects) = release::learn(held.release.clone(), &self.release_policy(flow), terms);
                let held = &mut self.releases[place];
                held.tell(now, words::learned(&release.terms));
                (held.release, held.is_learning, held.is_unsaved) = (release, !is_read, true);
                for effect in effects {
                    self.follows(place, flow, &effect, now, &mut out);
                }
            }
        }
        out
    }

    pub(super) fn release_policy(&self, flow: usize) -> release::Policy {
        release::Policy {
            mode: self.flows[flow].mode,
            is_armed: self.flows[flow].is_armed(&self.policy),
            recovery: self.policy.recovery,
        }
    }

    /// The flows that one is compared with, and their versions.
    pub(super) fn siblings(&self, place: usize) -> Vec<(String, String)> {
        let own = &self.flows[place];
        let is_sibling = |flow: &&Guarded| {
            flow.name != own.name && own.siblings.as_ref().is_none_or(|names| names.contains(&flow.name))
        };
        let version = |flow: &Guarded| {
            let (version, _) = flow.known.published.clone()?;
            Some((flow.found.as_ref()?.id.clone(), version))
        };
        self.flows.iter().filter(is_sibling).filter_map(version).collect()
    }

    fn pasts_of<'a>(&'a self, flows: &'a [(String, String)]) -> impl Iterator<Item = &'a Past> + Clone {
        let ids: HashSet<&str> = flows.iter().map(|(id, _)| id.as_str()).collect();
        let is_meant = move |flow: &&Guarded| flow.found.as_ref().is_some_and(|found| ids.contains(found.id.as_str()));
        self.flows.iter().filter(is_meant).map(|flow| &flow.past)
    }

    /// A flow whose past is to be asked whether it has false alarms.
    pub(super) fn to_arm(&self, now: Timestamp) -> Option<(String, Terms, Vec<Observation>)> {
        let (place, flow) = self.flows.iter().enumerate().find(|(_, flow)| flow.is_to_arm(&self.policy, now))?;
        let siblings = past::sums_of(self.pasts_of(&self.siblings(place)), flow.past.lived());
        let counts = flow.past.before(flow.past.lived().until);
        let history: Vec<_> =
            counts.into_iter().zip(siblings).map(|(count, siblings)| Observation { count, siblings }).collect();
        let terms = rollback::replay::learn(&self.policy.watch, &history);
        Some((flow.found.as_ref()?.id.clone(), terms, history))
    }

    /// What a flow's past says.
    pub(super) fn armed(&mut self, id: &str, armed: Armed, now: Timestamp) -> Out {
        let mut out = Out::default();
        let mark = words::mark(&self.policy);
        if let Some(flow) = self.flows.iter_mut().find(|flow| flow.is(id)) {
            flow.known.armed = Some((armed, now, mark));
            flow.is_unsaved = true;
            let body = serde_json::json!({
                "flow": id, "name": flow.name, "tried": armed.tried, "fired": armed.fired, "isArmed": armed.fired == 0,
            });
            out.audit.push(AuditEntry {
                id: format!("rollback.armed.{id}.{}", now.as_millisecond()),
                at: now,
                who: "steadyline".to_owned(),
                what: "rollback_armed".to_owned(),
                body: body.to_string(),
            });
        }
        out
    }
}
