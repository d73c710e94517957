//! The stored forms of a release and of what is known of a flow, version 1.
//!
//! Numbers that decide are written so that they are read back bit for bit.

use base::{Count, Minutes, Ppm};
use jiff::Timestamp;
use rollback::evidence::Null;
use rollback::once::Refusal;
use rollback::recovery::Recovery;
use rollback::release::{By, Course, End, Facts, Proof, Release, Seen, Stage, Why};
use rollback::replay::Armed;
use rollback::{Baseline, Mode, Observation, Policy, Rule, Terms, guide};
use serde::{Deserialize, Serialize};

use super::by_hand::ByHand;
use super::flow::Known;
use super::held::Held;
use crate::incident::Subject;
use crate::rollback::wire::{OutcomeWire, outcome_from_wire, outcome_to_wire};

/// The kind of the documents of releases.
pub(super) const RELEASE: &str = "release";
/// The kind of the documents of flows.
pub(super) const FLOW: &str = "release-flow";

const VERSION: u32 = 1;

/// A number that is read back as it was: its shortest form that means it and no other.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Exact(f64);

impl Serialize for Exact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:?}", self.0))
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReleaseWire {
    version: u32,
    id: String,
    facts: FactsWire,
    policy: PolicyWire,
    baseline: Option<BaselineWire>,
    mode: String,
    siblings: Vec<(String, String)>,
    stage: StageWire,
    left: Option<WhyWire>,
    proof: Option<ProofWire>,
    /// The odds when it was written, which must come out again.
    odds: Exact,
    recovery_odds: Option<Exact>,
    is_learning: bool,
    told: Vec<String>,
    story: Vec<(Timestamp, String)>,
    minutes: Vec<SeenWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FactsWire {
    flow: String,
    name: String,
    version: String,
    before: Option<String>,
    by: Option<String>,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PolicyWire {
    rule: String,
    trip_ppm: u32,
    clear_ppm: u32,
    guide_minutes: u16,
    guide_volume: u64,
    alpha: Exact,
    ratio: Exact,
    margin: Exact,
    bad_minutes: u16,
    length: u32,
    length_quiet: u32,
    quiet_below: Exact,
    blind_after: u16,
    suspect: Exact,
    calm: Exact,
    calm_minutes: u16,
    good_ratio: Exact,
    good_odds: Exact,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaselineWire {
    minutes: u32,
    total: u64,
    errors: u64,
    share: Exact,
    upper: Exact,
    variation: Exact,
    siblings: Option<Exact>,
}

/// Errors and all of its callers, of its siblings' and of its other versions'; nothing where nothing is known.
#[derive(Serialize, Deserialize)]
struct SeenWire(Option<(u32, u32)>, Option<(u32, u32)>, Option<(u32, u32)>, bool);

#[derive(Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum StageWire {
    Watched,
    Asked { why: WhyWire },
    Wanted { by: Option<String> },
    Acting { by: Option<String> },
    Proving,
    Ended { how: String, version: Option<String> },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum WhyWire {
    Mode { mode: String },
    NotArmed,
    Open { flow: String },
    LockedOut { until: Timestamp },
    NotDone { outcome: OutcomeWire },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProofWire {
    target: String,
    since: u32,
    share: Exact,
    variation: Exact,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FlowWire {
    version: u32,
    published: Option<(String, Timestamp)>,
    good: Vec<String>,
    bad: Vec<String>,
    armed: Option<ArmedWire>,
    not_helped: Option<String>,
    /// The last rollback of somebody's own wish: which, and what is told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by_hand: Option<(String, Option<String>)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArmedWire {
    tried: u32,
    fired: u32,
    first: Option<u32>,
    at: Timestamp,
    policy: String,
}

pub(super) fn release_to_json(held: &Held) -> String {
    let Release { facts, terms, .. } = &held.release;
    let course = held.release.course();
    let wire = ReleaseWire {
        version: VERSION,
        id: held.id.clone(),
        facts: FactsWire {
            flow: facts.flow.clone(),
            name: facts.name.clone(),
            version: facts.version.clone(),
            before: facts.before.clone(),
            by: facts.by.clone(),
            at: facts.at,
        },
        policy: policy_to_wire(terms.policy()),
        baseline: terms.baseline().map(baseline_to_wire),
        mode: held.mode.word().to_owned(),
        siblings: held.siblings.clone(),
        stage: stage_to_wire(&course.stage),
        left: course.left.as_ref().map(why_to_wire),
        proof: course.proof.as_ref().map(|proof| ProofWire {
            target: proof.target.clone(),
            since: proof.since,
            share: Exact(proof.null.share),
            variation: Exact(proof.null.variation),
        }),
        odds: Exact(held.release.watch().odds(terms)),
        recovery_odds: course.proof.as_ref().map(|proof| Exact(proof.recovery.odds())),
        is_learning: held.is_learning,
        told: held.told.iter().map(Subject::key).collect(),
        story: held.story.clone(),
        minutes: held.release.seen().iter().map(seen_to_wire).collect(),
    };
    serde_json::to_string(&wire).expect("numbers and strings are always JSON")
}

/// A release as it was kept, and whether the odds that were kept with it come out again, bit for bit.
pub(super) fn release_from_json(json: &str) -> Result<(Held, bool), String> {
    let wire: ReleaseWire = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if wire.version != VERSION {
        return Err(format!("version {} is not known", wire.version));
    }
    let FactsWire { flow, name, version, before, by, at } = wire.facts;
    let facts = Facts { flow, name, version, before, by, at };
    let terms = Terms::new(policy_from_wire(&wire.policy)?, wire.baseline.map(baseline_from_wire));
    let proof = wire.proof.map(|proof| Proof {
        target: proof.target,
        since: proof.since,
        null: Null { share: proof.share.0, variation: proof.variation.0 },
        recovery: Recovery::default(),
    });
    let left = wire.left.map(why_from_wire).transpose()?;
    let course = Course { stage: stage_from_wire(wire.stage)?, proof, left };
    let seen = wire.minutes.into_iter().map(seen_from_wire).collect::<Result<Vec<_>, _>>()?;
    let release = Release::again(facts, terms, seen, course);
    let odds = release.watch().odds(&release.terms);
    let recovery = release.proof().map(|proof| proof.recovery.odds().to_bits());
    let is_same =
        odds.to_bits() == wire.odds.0.to_bits() && recovery == wire.recovery_odds.map(|odds| odds.0.to_bits());
    let told = wire.told.iter().map(|key| Subject::parse(key).ok_or_else(|| format!("nothing is called {key:?}")));
    let held = Held {
        id: wire.id,
        release,
        mode: mode(&wire.mode)?,
        siblings: wire.siblings,
        story: wire.story,
        is_unsaved: false,
        is_learning: wire.is_learning,
        told: told.collect::<Result<_, _>>()?,
    };
    Ok((held, is_same))
}

pub(super) fn flow_to_json(known: &Known) -> String {
    let wire = FlowWire {
        version: VERSION,
        published: known.published.clone(),
        good: known.good.clone(),
        bad: known.bad.clone(),
        armed: known.armed.as_ref().map(|(armed, at, policy)| ArmedWire {
            tried: armed.tried,
            fired: armed.fired,
            first: armed.first,
            at: *at,
            policy: policy.clone(),
        }),
        not_helped: known.not_helped.clone(),
        by_hand: known.by_hand.clone().map(|ByHand { cause, trouble }| (cause, trouble)),
    };
    serde_json::to_string(&wire).expect("numbers and strings are always JSON")
}

pub(super) fn flow_from_json(json: &str) -> Result<Known, String> {
    let wire: FlowWire = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if wire.version != VERSION {
        return Err(format!("version {} is not known", wire.version));
    }
    let armed =
        wire.armed.map(|ArmedWire { tried, fired, first, at, policy }| (Armed { tried, fired, first }, at, policy));
    let by_hand = wire.by_hand.map(|(cause, trouble)| ByHand { cause, trouble });
    let FlowWire { published, good, bad, not_helped, .. } = wire;
    Ok(Known { published, good, bad, armed, not_helped, by_hand })
}

fn policy_to_wire(policy: &Policy) -> PolicyWire {
    PolicyWire {
        rule: rule_word(policy.rule).to_owned(),
        trip_ppm: policy.guide.trip.get(),
        clear_ppm: policy.guide.clear.get(),
        guide_minutes: policy.guide.minutes,
        guide_volume: policy.guide.volume,
        alpha: Exact(policy.alpha),
        ratio: Exact(policy.ratio),
        margin: Exact(policy.margin),
        bad_minutes: policy.bad_minutes,
        length: policy.length.get(),
        length_quiet: policy.length_quiet.get(),
        quiet_below: Exact(policy.quiet_below),
        blind_after: policy.blind_after,
        suspect: Exact(policy.suspect),
        calm: Exact(policy.calm),
        calm_minutes: policy.calm_minutes,
        good_ratio: Exact(policy.good_ratio),
        good_odds: Exact(policy.good_odds),
    }
}

fn policy_from_wire(wire: &PolicyWire) -> Result<Policy, String> {
    let share = |ppm| Ppm::new(ppm).ok_or_else(|| "more than all is no share".to_owned());
    let rule = [Rule::Guide, Rule::Evidence, Rule::Both].into_iter().find(|rule| rule_word(*rule) == wire.rule);
    Ok(Policy {
        rule: rule.ok_or_else(|| format!("there is no rule {:?}", wire.rule))?,
        guide: guide::Policy {
            trip: share(wire.trip_ppm)?,
            clear: share(wire.clear_ppm)?,
            minutes: wire.guide_minutes,
            volume: wire.guide_volume,
        },
        alpha: wire.alpha.0,
        ratio: wire.ratio.0,
        margin: wire.margin.0,
        bad_minutes: wire.bad_minutes,
        length: Minutes::new(wire.length),
        length_quiet: Minutes::new(wire.length_quiet),
        quiet_below: wire.quiet_below.0,
        blind_after: wire.blind_after,
        suspect: wire.suspect.0,
        calm: wire.calm.0,
        calm_minutes: wire.calm_minutes,
        good_ratio: wire.good_ratio.0,
        good_odds: wire.good_odds.0,
    })
}

pub(super) const fn rule_word(rule: Rule) -> &'static str {
    match rule {
        Rule::Guide => "guide",
        Rule::Evidence => "evidence",
        Rule::Both => "both",
    }
}

fn baseline_to_wire(baseline: &Baseline) -> BaselineWire {
    BaselineWire {
        minutes: baseline.minutes,
        total: baseline.total,
        errors: baseline.errors,
        share: Exact(baseline.share),
        upper: Exact(baseline.upper),
        variation: Exact(baseline.variation),
        siblings: baseline.siblings.map(Exact),
    }
}

fn baseline_from_wire(wire: BaselineWire) -> Baseline {
    Baseline {
        minutes: wire.minutes,
        total: wire.total,
        errors: wire.errors,
        share: wire.share.0,
        upper: wire.upper.0,
        variation: wire.variation.0,
        siblings: wire.siblings.map(|share| share.0),
    }
}

fn seen_to_wire(seen: &Seen) -> SeenWire {
    let pair = |count: Count| count.is_known().then(|| count.pair());
    SeenWire(pair(seen.of.count), pair(seen.of.siblings), pair(seen.others), seen.is_maintained)
}

fn seen_from_wire(SeenWire(own, siblings, others, is_maintained): SeenWire) -> Result<Seen, String> {
    let count = |pair: Option<(u32, u32)>| match pair {
        None => Ok(Count::Missing),
        Some((bad, total)) => Count::bad(bad.into(), total.into()).map_err(|untrue| untrue.to_string()),
    };
    let of = Observation { count: count(own)?, siblings: count(siblings)? };
    Ok(Seen { of, others: count(others)?, is_maintained })
}

fn mode(word: &str) -> Result<Mode, String> {
    Mode::ALL.into_iter().find(|mode| mode.word() == word).ok_or_else(|| format!("there is no mode {word:?}"))
}

fn by_to_wire(by: &By) -> Option<String> {
    match by {
        By::Watch => None,
        By::Person(who) => Some(who.clone()),
    }
}

fn by_from_wire(by: Option<String>) -> By {
    by.map_or(By::Watch, By::Person)
}

fn stage_to_wire(stage: &Stage) -> StageWire {
    match stage {
        Stage::Watched => StageWire::Watched,
        Stage::Asked(why) => StageWire::Asked { why: why_to_wire(why) },
        Stage::Wanted(by) => StageWire::Wanted { by: by_to_wire(by) },
        Stage::Acting(by) => StageWire::Acting { by: by_to_wire(by) },
        Stage::Proving => StageWire::Proving,
        Stage::Ended(end) => {
            let version = if let End::Overtaken(version) = end { version.clone() } else { None };
            StageWire::Ended { how: end_word(end).to_owned(), version }
        }
    }
}

fn stage_from_wire(wire: StageWire) -> Result<Stage, String> {
    Ok(match wire {
        StageWire::Watched => Stage::Watched,
        StageWire::Asked { why } => Stage::Asked(why_from_wire(why)?),
        StageWire::Wanted { by } => Stage::Wanted(by_from_wire(by)),
        StageWire::Acting { by } => Stage::Acting(by_from_wire(by)),
        StageWire::Proving => Stage::Proving,
        StageWire::Ended { how, version } => Stage::Ended(end(&how, version)?),
    })
}

const fn end_word(end: &End) -> &'static str {
    match end {
        End::Certified => "certified",
        End::Unproven => "unproven",
        End::Recovered => "recovered",
        End::NotHelped => "notHelped",
        End::Unseen => "unseen",
        End::Overtaken(_) => "overtaken",
        End::Left => "left",
        End::Gone => "gone",
        End::Dropped => "dropped",
    }
}

fn end(word: &str, version: Option<String>) -> Result<End, String> {
    let ends = [
        End::Certified,
        End::Unproven,
        End::Recovered,
        End::NotHelped,
        End::Unseen,
        End::Overtaken(version),
        End::Left,
        End::Gone,
        End::Dropped,
    ];
    ends.into_iter().find(|end| end_word(end) == word).ok_or_else(|| format!("there is no end {word:?}"))
}

fn why_to_wire(why: &Why) -> WhyWire {
    match why {
        Why::Mode(mode) => WhyWire::Mode { mode: mode.word().to_owned() },
        Why::NotArmed => WhyWire::NotArmed,
        Why::Refused(Refusal::Open(flow)) => WhyWire::Open { flow: flow.clone() },
        Why::Refused(Refusal::LockedOut { until }) => WhyWire::LockedOut { until: *until },
        Why::NotDone(outcome) => WhyWire::NotDone { outcome: outcome_to_wire(outcome) },
    }
}

fn why_from_wire(wire: WhyWire) -> Result<Why, String> {
    Ok(match wire {
        WhyWire::Mode { mode: word } => Why::Mode(mode(&word)?),
        WhyWire::NotArmed => Why::NotArmed,
        WhyWire::Open { flow } => Why::Refused(Refusal::Open(flow)),
        WhyWire::LockedOut { until } => Why::Refused(Refusal::LockedOut { until }),
        WhyWire::NotDone { outcome } => Why::NotDone(outcome_from_wire(outcome)),
    })
}

#[cfg(test)]
mod tests;
