//! Did the story come out as it must?

use std::time::Duration;

use super::Story;
use super::stage::Stage;

/// What must happen in a story, apart from the numbers at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The receiver took the page about the incident.
    pub(super) page_delivered: bool,
    /// The receiver took the page that it is over.
    pub(super) resolve_delivered: bool,
    /// Probes closed the circuit, and no call was running.
    pub(super) closed_by_probe_alone: bool,
    /// The incident is over.
    pub(super) incident_resolved: bool,
    /// The flow did without what it can.
    pub(super) trimmed: bool,
    /// Callers reached a queue in TRIM, and their look-ups were skipped.
    pub(super) lookups_skipped: bool,
    /// The flow sent callers straight to agents.
    pub(super) agents_only: bool,
    /// The knowledge base was asked all the same.
    pub(super) knowledge_asked: bool,
    /// The gate shut.
    pub(super) gate_shut: bool,
    /// The flow went back to normal.
    pub(super) recovered: bool,
    /// The release was gone back from, and callers got the version before it.
    pub(super) went_back: bool,
    /// It was proved that this helped.
    pub(super) proved: bool,
    /// The alert of the rollback arrived.
    pub(super) alerted: bool,
    /// A second bad release within the lockout was left to people, and they were paged.
    pub(super) locked_out: bool,
    /// With analytics away nothing was done, and it was said why.
    pub(super) left_alone: bool,
}

/// Something that was waited for and did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} did not come within {} s", within.as_secs())]
pub(super) struct Missed {
    /// What.
    pub(super) what: &'static str,
    /// How long it was waited for.
    pub(super) within: Duration,
}

/// How a story ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// Callers who came in.
    pub(super) calls: u64,
    /// Callers who were cut off.
    pub(super) calls_lost: u64,
    /// Callers who were in the flow when it ended.
    pub(super) calls_unfinished: u64,
    /// Letters that the receiver took.
    pub(super) pages_delivered: u64,
    /// What happened on the way.
    pub(super) facts: Facts,
    /// What ended it before its time.
    pub(super) missed: Option<Missed>,
}

impl Ending {
    /// Reads the numbers off the stage.
    pub(super) fn read(stage: &Stage, facts: Facts, missed: Option<Missed>) -> Self {
        let totals = stage.twin.totals();
        Self {
            calls: totals.offered,
            calls_lost: totals.lost,
            calls_unfinished: totals.in_flow,
            pages_delivered: *stage.inbox.taken().borrow(),
            facts,
            missed,
        }
    }

    /// Everything that is not as it must be; nothing when all is.
    pub(super) fn wrong(&self, story: Story) -> Vec<String> {
        let Self { calls, calls_lost, calls_unfinished, facts, missed, .. } = self;
        let mut wrong: Vec<String> = missed.iter().map(ToString::to_string).collect();
        let mut check = |is_right: bool, otherwise: String| {
            if !is_right {
                wrong.push(otherwise);
            }
        };
        check(0 < *calls, "nobody called".to_owned());
        check(*calls_lost == 0, format!("{calls_lost} of {calls} callers were lost"));
        check(*calls_unfinished == 0, format!("{calls_unfinished} of {calls} callers reached no end"));
        let musts: &[(bool, &str)] = match story {
            Story::CrmOutage => &[
                (facts.page_delivered, "no page about the incident arrived"),
                (facts.closed_by_probe_alone, "the circuit was not closed by probes while nobody called"),
                (facts.incident_resolved, "the incident is not over"),
                (facts.resolve_delivered, "no page about the incident's end arrived"),
            ],
            Story::BudgetBurn => &[
                (facts.trimmed, "the flow did not go down to TRIM"),
                (facts.lookups_skipped, "look-ups were asked in TRIM"),
                (facts.agents_only, "the flow did not go down to AGENT_ONLY"),
                (facts.gate_shut, "the gate did not shut"),
                (facts.knowledge_asked, "the knowledge base was not asked in AGENT_ONLY"),
                (facts.recovered, "the flow did not go back to NORMAL"),
            ],
            Story::BadRelease => &[
                (facts.went_back, "the release was not gone back from"),
                (facts.proved, "it was not proved that going back helped"),
                (facts.alerted, "no alert of the rollback arrived"),
                (facts.locked_out, "the second release was not left to people"),
                (facts.left_alone, "something was done, or not told, while nothing was known"),
            ],
        };
        for (is_right, otherwise) in musts {
            check(*is_right, (*otherwise).to_owned());
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Ending = Ending {
        calls: 500,
        calls_lost: 0,
        calls_unfinished: 0,
        pages_delivered: 2,
        facts: Facts {
            page_delivered: true,
            resolve_delivered: true,
            closed_by_probe_alone: true,
            incident_resolved: true,
            trimmed: true,
            lookups_skipped: true,
            agents_only: true,
            knowledge_asked: true,
            gate_shut: true,
            recovered: true,
            went_back: true,
            proved: true,
            alerted: true,
            locked_out: true,
            left_alone: true,
        },
        missed: None,
    };

    #[test]
    fn a_good_ending_has_nothing_wrong() {
        for story in [Story::CrmOutage, Story::BudgetBurn, Story::BadRelease] {
            assert_eq!(GOOD.wrong(story), Vec::<String>::new());
        }
    }

    #[test]
    fn every_single_failure_spoils_the_ending_and_is_named() {
        let facts = GOOD.facts;
        let spoilt = [
            (Ending { calls: 0, ..GOOD }, "nobody called"),
            (Ending { calls_lost: 3, ..GOOD }, "3 of 500 callers were lost"),
            (Ending { calls_unfinished: 1, ..GOOD }, "1 of 500 callers reached no end"),
            (Ending { facts: Facts { page_delivered: false, ..facts }, ..GOOD }, "no page about the incident arrived"),
            (
                Ending { facts: Facts { closed_by_probe_alone: false, ..facts }, ..GOOD },
                "the circuit was not closed by probes while nobody called",
            ),
            (Ending { facts: Facts { incident_resolved: false, ..facts }, ..GOOD }, "the incident is not over"),
            (
                Ending { facts: Facts { resolve_delivered: false, ..facts }, ..GOOD },
                "no page about the incident's end arrived",
            ),
            (
                Ending { missed: Some(Missed { what: "an open circuit", within: Duration::from_secs(10) }), ..GOOD },
                "an open circuit did not come within 10 s",
            ),
        ];
        for (ending, expected) in spoilt {
            assert_eq!(ending.wrong(Story::CrmOutage), [expected]);
        }
        let none = Ending { facts: Facts::default(), ..GOOD };
        assert_eq!(none.wrong(Story::BudgetBurn).len(), 6);
        assert_eq!(none.wrong(Story::BadRelease).len(), 5);
    }
}
