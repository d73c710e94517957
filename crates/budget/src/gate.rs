//! May this release go out? Not while a budget is spent or burning at the rate of a page.
//!
//! The answer depends on nothing but the budgets, so that asking again changes nothing; it says why, and before when it
//! is of no use to ask again. What is not known does not open the gate. Only approved maintenance does, and the answer
//! says what it overrode.

use base::Now;

use crate::{Burn, Minute, Minutes, Remaining, Status};

/// What the gate is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Releases need more than this.
    pub floor: Remaining,
    /// The burn rate over this time must not be above one; `None` leaves that to the objective's own window.
    pub window: Option<Minutes>,
    /// The last known minute may be this old.
    pub age_max: Minutes,
}

/// What the gate looks at, of one objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact<'a> {
    /// Its id.
    pub id: &'a str,
    /// Everything known of it.
    pub status: &'a Status,
    /// The burn rate over the gate's own window, or else over the objective's, without what a reset forgave; `None` when
    /// too much is missing.
    pub burn: Option<Burn>,
    /// When, at the earliest, more than the floor is left again.
    pub recovers: Option<Minute>,
    /// Approved maintenance that opens the gate, if there is any.
    pub maintenance: Option<&'a str>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it may go out; `None` when nobody knows.
    pub is_allowed: Option<bool>,
    /// Why: for each objective, everything that speaks.
    pub reasons: Vec<Reason>,
    /// Before this it is of no use to ask again.
    pub recheck: Minute,
}

/// One thing that speaks for or against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Of which objective.
    pub objective: String,
    /// What.
    pub what: What,
    /// Maintenance that lets it pass all the same.
    pub overridden_by: Option<String>,
}

/// What speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Enough is left, and nothing burns.
    Fine {
        /// So much.
        left: Remaining,
    },
    /// Too little is left.
    Spent {
        /// So much.
        left: Remaining,
        /// So much would be too little.
        floor: Remaining,
    },
    /// An alert holds that pages somebody.
    Burning {
        /// Over its long window.
        long: Burn,
        /// Which is that long.
        window: Minutes,
        /// The rate at which it holds, in thousandths.
        threshold_milli: u32,
        /// The window that must be clean before it ends.
        short: Minutes,
    },
    /// More burns than is allowed, over the gate's own window.
    BurningAboveOne {
        /// So much.
        burn: Burn,
        /// Over this.
        window: Minutes,
    },
    /// Too much is missing, or never was anything measured.
    NotMeasured,
    /// What is known is too old.
    Stale {
        /// So old.
        age: Minutes,
    },
    /// There is no such objective.
    NoSuch,
}

/// Answers for these objectives, and for those that do not exist.
///
/// Nothing to look at is an answer that nobody knows.
pub fn decide(policy: &Policy, facts: &[Fact<'_>], missing: &[String], now: Now) -> Answer {
    let minute = Minute::of(now.wall);
    let mut reasons: Vec<_> = facts.iter().flat_map(|fact| judge(policy, fact)).collect();
    let unknown = |id: &String| Reason { objective: id.clone(), what: What::NoSuch, overridden_by: None };
    reasons.extend(missing.iter().map(unknown));
    let is_allowed = allowed(&reasons);
    let standing = || reasons.iter().filter(|reason| reason.overridden_by.is_none());
    let recheck = standing().filter_map(|reason| recheck(&reason.what, &reason.objective, facts, minute)).max();
    let recheck = recheck.unwrap_or(minute).max(minute + Minutes::new(1));
    Answer { is_allowed, reasons, recheck }
}

/// What reasons come to; `None` when nobody knows. No reasons are none to open the gate.
pub fn allowed<'a>(reasons: impl IntoIterator<Item = &'a Reason>) -> Option<bool> {
    let (mut is_empty, mut is_known) = (true, true);
    for reason in reasons {
        is_empty = false;
        if reason.overridden_by.is_some() {
            continue;
        }
        if reason.what.blocks() {
            return Some(false);
        }
        is_known &= !reason.what.is_unknown();
    }
    (!is_empty && is_known).then_some(true)
}

fn judge(policy: &Policy, fact: &Fact<'_>) -> Vec<Reason> {
    let mut found = Vec::new();
    match fact.status.remaining {
        None => found.push(What::NotMeasured),
        Some(left) if left <= policy.floor => found.push(What::Spent { left, floor: policy.floor }),
        Some(_) => {}
    }
    if let Some(age) = fact.status.age.filter(|age| policy.age_max < *age) {
        found.push(What::Stale { age });
    }
    let paging = |alert: &&crate::ledger::AlertStatus| alert.is_firing && alert.rule.severity == crate::Severity::Page;
    found.extend(fact.status.alerts.iter().filter(paging).map(|alert| What::Burning {
        long: alert.long,
        window: alert.rule.long,
        threshold_milli: alert.rule.burn_milli,
        short: alert.rule.short,
    }));
    // One that cannot be judged, while none holds for certain.
    if fact.status.is_paging().is_none() && found.is_empty() {
        found.push(What::NotMeasured);
    }
    match fact.burn {
        // Over a whole window it is the same as a budget that is spent, which is said already.
        Some(burn)
            if burn.compare(1_000).is_some_and(std::cmp::Ordering::is_gt)
                && !found.iter().any(|what| matches!(what, What::Spent { .. })) =>
        {
            let own = fact.status.end.since(fact.status.measured_from);
            found.push(What::BurningAboveOne { burn, window: policy.window.unwrap_or(own) });
        }
        Some(_) => {}
        None if found.contains(&What::NotMeasured) => {}
        None => found.push(What::NotMeasured),
    }
    let overridden_by = fact.maintenance.map(str::to_owned);
    let reason = |what| Reason { objective: fact.id.to_owned(), what, overridden_by: overridden_by.clone() };
    if let (true, Some(left)) = (found.is_empty(), fact.status.remaining) {
        return vec![Reason { overridden_by: None, ..reason(What::Fine { left }) }];
    }
    found.into_iter().map(reason).collect()
}

fn recheck(what: &What, objective: &str, facts: &[Fact<'_>], now: Minute) -> Option<Minute> {
    match what {
        What::Fine { .. } => None,
        What::Spent { .. } => facts.iter().find(|fact| fact.id == objective).and_then(|fact| fact.recovers),
        What::Burning { short, .. } => Some(now + *short),
        What::BurningAboveOne { .. } | What::NotMeasured | What::Stale { .. } | What::NoSuch => {
            Some(now + Minutes::new(1))
        }
    }
}

impl What {
    /// Whether it shuts the gate.
    pub const fn blocks(self) -> bool {
        matches!(self, Self::Spent { .. } | Self::Burning { .. } | Self::BurningAboveOne { .. })
    }

    /// Whether it says that nobody knows.
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::NotMeasured | Self::Stale { .. } | Self::NoSuch)
    }
}
