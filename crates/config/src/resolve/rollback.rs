//! What was meant by going back from releases.

use std::time::Duration;

use base::{Minutes, Ppm};
use rollback::act::Locked;
use rollback::evidence::ALPHA_MIN;
use rollback::{Mode, Policy, Rule, guide};
use serde_saphyr::Spanned;

use super::Resolver;
use crate::problem::suggest;
use crate::raw;
use crate::resolved::{Rollback, RollbackFlow};

const FALSE_ROLLBACKS: f64 = 0.05;
const FALSE_ROLLBACKS_MAX: f64 = 10.0;
const RELEASES: u32 = 520;
/// A healthy release that is taken for a bad one as often as a coin says so is not watched at all.
const ALPHA_BELOW: f64 = 0.5;
const WATCH_MIN: Minutes = Minutes::new(5);
const WATCH_MAX: Minutes = Minutes::hours(8);
const HISTORY_MIN: Minutes = Minutes::hours(1);
const HISTORY_MAX: Minutes = Minutes::days(28);
const ARM_AFTER: Minutes = Minutes::days(7);
const LOCKOUT: Duration = Duration::from_secs(15 * 60);
const LOCKOUT_MIN: Duration = Duration::from_secs(60);
const LOCKOUT_MAX: Duration = Duration::from_secs(24 * 3_600);

impl Resolver<'_> {
    pub(crate) fn rollback(&mut self, rollback: raw::Rollback, has_platform: bool) -> Rollback {
        let usual = Policy::default();
        let (false_rollbacks_per_year, releases_per_year, alpha) =
            self.alpha(rollback.false_rollbacks_per_year, rollback.releases_per_year);
        let length = self.length(rollback.watch, WATCH_MIN, WATCH_MAX).unwrap_or(usual.length);
        let quiet = self.length(rollback.watch_quiet, length, WATCH_MAX);
        let history = self.length(rollback.history, HISTORY_MIN, HISTORY_MAX).unwrap_or(HISTORY_MAX);
        let arm_after = self.length(rollback.arm_after, Minutes::new(1), history);
        Rollback {
            policy: Policy {
                rule: rule(rollback.policy),
                guide: self.guide(rollback.guide),
                alpha,
                length,
                length_quiet: quiet.unwrap_or(usual.length_quiet).max(length),
                ..usual
            },
            false_rollbacks_per_year,
            releases_per_year,
            history,
            arm_after: arm_after.unwrap_or(ARM_AFTER).min(history),
            lockout: self.lockout(rollback.lockout),
            locked: match rollback.locked {
                raw::Locked::HandOver => Locked::HandOver,
                raw::Locked::Unlock => Locked::Unlock,
            },
            flows: self.rollback_flows(rollback.flows, has_platform),
        }
    }

    /// How often a healthy release may be taken for a bad one: in a year, over so many releases, and for each.
    fn alpha(&mut self, wrong: Option<Spanned<f64>>, releases: Option<Spanned<u32>>) -> (f64, u32, f64) {
        let at = wrong.as_ref().map(|wrong| wrong.referenced).or(releases.as_ref().map(|count| count.referenced));
        let wrong = match wrong {
            Some(wrong) if 0.0 < wrong.value && wrong.value <= FALSE_ROLLBACKS_MAX => wrong.value,
            Some(wrong) => {
                let message = format!("false rollbacks a year must be above 0 and at most {FALSE_ROLLBACKS_MAX}");
                self.wrong(
                    wrong.referenced,
                    message,
                    "0.05 is one in twenty years; less takes a little longer to decide",
                );
                FALSE_ROLLBACKS
            }
            None => FALSE_ROLLBACKS,
        };
        let releases = match releases {
            Some(count) if count.value == 0 => {
                let hint = "write how many releases all flows have in a year: 520 is ten a week";
                self.wrong(count.referenced, "without a release nothing is gone back from", hint);
                RELEASES
            }
            Some(count) => count.value,
            None => RELEASES,
        };
        let alpha = wrong / f64::from(releases);
        if let Some(at) = at.filter(|_| ALPHA_BELOW <= alpha) {
            let message = format!("{wrong} false rollbacks in {releases} releases are no better than a coin");
            self.wrong(at, message, "allow fewer `falseRollbacksPerYear`: below half of `releasesPerYear`");
        }
        if let Some(at) = at.filter(|_| alpha < ALPHA_MIN) {
            let message = format!(
                "{wrong:e} false rollbacks in {releases} releases are too few: nothing would ever be gone back"
            );
            self.wrong(
                at,
                message,
                format!("allow at least {:e} `falseRollbacksPerYear`", ALPHA_MIN * f64::from(releases)),
            );
        }
        (wrong, releases, alpha)
    }

    fn guide(&mut self, written: raw::Guide) -> guide::Policy {
        let usual = guide::Policy::default();
        let trip = written.trip.as_ref().map_or(usual.trip, |trip| trip.value.0);
        let clear = written.clear.as_ref().map_or(usual.clear.min(trip), |clear| clear.value.0);
        if let Some(trip) = written.trip.filter(|trip| trip.value.0 == Ppm::ONE) {
            self.wrong(trip.referenced, "no share of errors is above 100 %", "for instance `guide: { trip: 5% }`");
        }
        if let Some(clear) = written.clear.filter(|clear| trip < clear.value.0) {
            let hint = "for instance `guide: { trip: 5%, clear: 3% }`";
            self.wrong(clear.referenced, "the rule would trip and clear at once", hint);
        }
        if let Some(minutes) = written.minutes.as_ref().filter(|minutes| minutes.value == 0) {
            self.wrong(minutes.referenced, "a row has at least one minute", "the guide's own rule has 3");
        }
        guide::Policy {
            trip,
            clear,
            minutes: written.minutes.map_or(usual.minutes, |minutes| minutes.value),
            volume: written.volume.map_or(usual.volume, u64::from),
        }
    }

    /// Whole minutes between two bounds.
    fn length(&mut self, span: Option<Spanned<raw::Span>>, min: Minutes, max: Minutes) -> Option<Minutes> {
        let span = span?;
        let length = self.minutes(&span)?;
        if min <= length && length <= max {
            return Some(length);
        }
        let message = format!("{length} is not between {min} and {max}");
        self.wrong(span.referenced, message, "write a length within these bounds, or leave the key out");
        None
    }

    fn lockout(&mut self, span: Option<Spanned<raw::Span>>) -> Duration {
        let Some(span) = span else { return LOCKOUT };
        let lockout = span.value.0;
        if lockout < LOCKOUT_MIN || LOCKOUT_MAX < lockout {
            let hint = "going back again at once would be guessing, and a day later it is another story; 15m is usual";
            self.wrong(span.referenced, "the lockout must lie between 1m and 24h", hint);
        }
        lockout
    }

    fn rollback_flows(
        &mut self,
        flows: raw::Ordered<Spanned<raw::RollbackFlow>>,
        has_platform: bool,
    ) -> Vec<RollbackFlow> {
        if let Some((_, first)) = flows.0.first().filter(|_| !has_platform) {
            let hint = "add the section `platform`: releases are seen, and gone back from, in the organisation";
            self.wrong(first.referenced, "nobody can be asked about this flow", hint);
        }
        let names: Vec<String> = flows.0.iter().map(|(name, _)| name.clone()).collect();
        let mut resolved = Vec::new();
        for (name, flow) in flows.0 {
            let siblings = flow.value.siblings.map(|siblings| self.siblings(&name, siblings, &names));
            resolved.push(RollbackFlow { name, mode: mode(flow.value.mode), siblings });
        }
        resolved
    }

    fn siblings(&mut self, flow: &str, written: Vec<Spanned<String>>, names: &[String]) -> Vec<String> {
        let mut siblings: Vec<String> = Vec::new();
        for Spanned { value: sibling, referenced: at, .. } in written {
            if let Some((message, hint)) = flaw(&sibling, flow, &siblings, names) {
                self.wrong(at, message, hint);
            }
            siblings.push(sibling);
        }
        siblings
    }
}

/// What is wrong with a sibling, and what to do.
fn flaw(sibling: &str, flow: &str, before: &[String], names: &[String]) -> Option<(String, String)> {
    if sibling == flow {
        let hint = "name other flows: theirs is the trouble that is not this flow's own";
        return Some((format!("flow `{flow}` is no sibling of itself"), hint.to_owned()));
    }
    if before.iter().any(|other| other == sibling) {
        return Some((format!("`{sibling}` stands here twice"), "it would count twice: remove one".to_owned()));
    }
    let others = || names.iter().map(String::as_str).filter(|name| *name != flow);
    if others().any(|name| name == sibling) {
        return None;
    }
    let hint = match others().next() {
        Some(_) => suggest(sibling, others(), "flows"),
        None => "siblings must be flows of this section: add it under `flows`, `mode: observe` does nothing".to_owned(),
    };
    Some((format!("there is no flow `{sibling}` in this section"), hint))
}

const fn rule(rule: raw::Rule) -> Rule {
    match rule {
        raw::Rule::Evidence => Rule::Evidence,
        raw::Rule::Guide => Rule::Guide,
        raw::Rule::Both => Rule::Both,
    }
}

const fn mode(mode: raw::Mode) -> Mode {
    match mode {
        raw::Mode::Observe => Mode::Observe,
        raw::Mode::Recommend => Mode::Recommend,
        raw::Mode::Approve => Mode::Approve,
        raw::Mode::Automatic => Mode::Automatic,
    }
}
