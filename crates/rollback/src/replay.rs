//! What would have been decided? The past of a flow goes through the same steps that run live.
//!
//! [`judge`] replays one release. [`arm`] asks whether a flow may be gone back automatically at all: every minute of its
//! past is taken for a release that changed nothing, so whatever fires there is a false alarm.

use base::Count;

use crate::baseline::{self, Baseline};
use crate::watch::{self, Effect, Finding, Observation, Policy, Terms, Watch};

/// The release of a flow, replayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// What it was held to.
    pub terms: Terms,
    /// What was decided.
    pub decision: Decision,
    /// What was found when it was, or in the end.
    pub finding: Finding,
}

/// What is decided about a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// To go back.
    Rollback,
    /// Not to.
    None,
    /// Nothing, since nobody saw.
    Blind,
}

/// What a flow's own past says about going back automatically.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Armed {
    /// Releases that were tried: one for every minute, watched as long as the past goes on.
    pub tried: u32,
    /// Those that it would have gone back from.
    pub fired: u32,
    /// The first minute of the past at which one did.
    pub first: Option<u32>,
}

/// What a past says is normal.
pub fn learn(policy: &Policy, history: &[Observation]) -> Terms {
    let counts: Vec<Count> = history.iter().map(|seen| seen.count).collect();
    let siblings = baseline::share_of(history.iter().map(|seen| seen.siblings));
    Terms::new(*policy, Baseline::learn(&counts, siblings, policy.alpha_baseline()))
}

/// Replays the minutes after a release, until it is decided on or they are over.
pub fn judge(terms: &Terms, minutes: impl IntoIterator<Item = Observation>) -> Judged {
    let mut watch = Watch::default();
    for seen in minutes {
        for effect in watch.take(terms, seen, false) {
            if let Effect::Confirmed(finding) = effect {
                return Judged { terms: *terms, decision: Decision::Rollback, finding };
            }
        }
    }
    let is_judged = terms.baseline().is_some() || terms.policy().rule == watch::Rule::Guide;
    let is_blind = !is_judged || watch.minute() == 0 || watch.is_blind(terms);
    let decision = if is_blind { Decision::Blind } else { Decision::None };
    Judged { terms: *terms, decision, finding: watch.finding(terms) }
}

/// Takes every minute of the past for a release that changed nothing.
pub fn arm(terms: &Terms, history: &[Observation]) -> Armed {
    let length = terms.length().get() as usize;
    let mut armed = Armed { tried: 0, fired: 0, first: None };
    for start in 0..history.len() {
        let minutes = history[start..].iter().take(length);
        armed.tried += 1;
        if judge(terms, minutes.copied()).decision == Decision::Rollback {
            armed.fired += 1;
            armed.first = armed.first.or(u32::try_from(start).ok());
        }
    }
    armed
}

#[cfg(test)]
mod tests;
