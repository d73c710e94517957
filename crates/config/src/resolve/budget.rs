//! What was meant by objectives, flows and people.

use std::collections::BTreeSet;
use std::time::Duration;

use base::Ppm;
use budget::approvals::Role;
use budget::ladder::{Mode, Rung, WhenUnknown};
use budget::{Minutes, Rarity, Remaining, gate, ladder};
use secrecy::ExposeSecret as _;
use serde_saphyr::{Location, Spanned};

use super::Resolver;
use crate::problem::suggest;
use crate::raw;
use crate::resolved::{Budget, BudgetFlow, Degrade, FlowTable, Person};

const MISSING_MAX: Ppm = Ppm::percent(20);
const BLIND_AFTER: Minutes = Minutes::new(3);
const GATE_AGE_MAX: Minutes = Minutes::new(5);
const DWELL: Minutes = Minutes::new(30);
const PATIENCE: Minutes = Minutes::new(10);
/// Between where a mode begins and where it ends, unless it is said.
const GAP: Remaining = Remaining::percent(10);
/// A token with fewer characters can be guessed.
const TOKEN_CHARS_MIN: usize = 20;

impl Resolver<'_> {
    pub(crate) fn budget(&mut self, budget: raw::Budget, degrade: &Degrade) -> Budget {
        let gate = gate::Policy {
            floor: budget.gate.floor.map_or(Remaining::new(0), remaining),
            window: budget.gate.window.and_then(|window| self.minutes(&window)),
            age_max: budget.gate.age_max.and_then(|age| self.minutes(&age)).unwrap_or(GATE_AGE_MAX),
        };
        Budget {
            objectives: budget.objectives,
            missing_max: budget.missing_max.map_or(MISSING_MAX, |share| share.0),
            blind_after: budget.blind_after.and_then(|after| self.minutes(&after)).unwrap_or(BLIND_AFTER),
            rarity: self.rarity(budget.evidence),
            gate,
            flows: budget.flows.0.into_iter().map(|(name, flow)| self.budget_flow(name, flow, degrade)).collect(),
        }
    }

    pub(crate) fn people(&mut self, access: raw::Access) -> Vec<Person> {
        let mut tokens = BTreeSet::new();
        let mut people: Vec<Person> = Vec::new();
        for (name, Spanned { value: person, referenced: at, .. }) in access.people.0 {
            let role = match person.role {
                raw::Role::Viewer => Role::Viewer,
                raw::Role::Ci => Role::Ci,
                raw::Role::Operator => Role::Operator,
                raw::Role::Approver => Role::Approver,
            };
            let Some(token) = self.secret(person.token, at) else { continue };
            if token.expose_secret().chars().count() < TOKEN_CHARS_MIN {
                let hint =
                    format!("use at least {TOKEN_CHARS_MIN} characters, for instance from `openssl rand -hex 24`");
                self.wrong(at, format!("the token of `{name}` can be guessed"), hint);
            }
            if !tokens.insert(token.expose_secret().to_owned()) {
                let message = format!("`{name}` has the same token as somebody else");
                self.wrong(at, message, "give everybody a token of their own: the second person must be another one");
            }
            if people.iter().any(|other| other.name.trim().to_lowercase() == name.trim().to_lowercase()) {
                let hint = "names that differ in capitals alone are one person";
                self.wrong(at, format!("there is another `{name}`"), hint);
            }
            people.push(Person { name, role, token });
        }
        people
    }

    fn budget_flow(&mut self, name: String, flow: Spanned<raw::Flow>, degrade: &Degrade) -> BudgetFlow {
        let Spanned { value: flow, referenced: at, .. } = flow;
        if flow.objectives.is_empty() {
            let hint = "name the objectives that it obeys: `objectives: [crm-lookup]`";
            self.wrong(at, format!("flow `{name}` has no objective"), hint);
        }
        let enrichment: Vec<_> =
            flow.enrichment.iter().filter_map(|route| self.known_route(route, degrade, true)).collect();
        for needed in &flow.needed {
            self.known_route(needed, degrade, false);
            if enrichment.contains(&needed.value) {
                let message = format!("route `{}` is both enrichment and needed", needed.value);
                self.wrong(needed.referenced, message, "a flow either can or cannot do without it");
            }
        }
        let ladder = self.ladder(flow.modes.as_ref(), flow.dwell, flow.when_unknown, flow.patience, at);
        let table =
            flow.data_table.map(|table| FlowTable { name: table.name, row: table.row.unwrap_or_else(|| name.clone()) });
        let place = |location: Location| {
            (u32::try_from(location.line()).unwrap_or(0), u32::try_from(location.column()).unwrap_or(0))
        };
        let objective = |id: Spanned<String>| (id.value, place(id.referenced));
        BudgetFlow { name, objectives: flow.objectives.into_iter().map(objective).collect(), enrichment, ladder, table }
    }

    fn known_route(&mut self, route: &Spanned<String>, degrade: &Degrade, is_skipped: bool) -> Option<String> {
        let known = || degrade.routes.iter().map(|route| &*route.name);
        let Some(found) = degrade.routes.iter().find(|known| *known.name == *route.value) else {
            let hint = suggest(&route.value, known(), "routes");
            self.wrong(route.referenced, format!("there is no route `{}`", route.value), hint);
            return None;
        };
        if is_skipped && found.fallback.is_none() {
            let message = format!("route `{}` has no fallback to answer with while it is skipped", route.value);
            self.wrong(route.referenced, message, "give the route a `fallback`");
        }
        Some(route.value.clone())
    }

    fn ladder(
        &mut self,
        modes: Option<&raw::Modes>,
        dwell: Option<Spanned<raw::Span>>,
        when_unknown: raw::WhenUnknown,
        patience: Option<Spanned<raw::Span>>,
        at: Location,
    ) -> ladder::Policy {
        let usual = |mode, percent| Rung {
            mode,
            enter_below: Remaining::percent(percent),
            leave_at: above(Remaining::percent(percent)),
        };
        let rungs = match modes {
            None => vec![usual(Mode::Trim, 80), usual(Mode::AgentOnly, 30)],
            Some(modes) => {
                let written = [
                    (Mode::Trim, &modes.trim),
                    (Mode::AgentOnly, &modes.agent_only),
                    (Mode::Overflow, &modes.overflow),
                ];
                let rung = |(mode, marks): (Mode, &Option<Spanned<raw::Marks>>)| {
                    let marks = marks.as_ref()?.value;
                    let enter_below = remaining(marks.below);
                    let leave_at = marks.until.map_or_else(|| above(enter_below), remaining);
                    Some(Rung { mode, enter_below, leave_at })
                };
                written.into_iter().filter_map(rung).collect()
            }
        };
        let policy = ladder::Policy {
            rungs,
            dwell: dwell.and_then(|dwell| self.minutes(&dwell)).unwrap_or(DWELL),
            unknown: match when_unknown {
                raw::WhenUnknown::Hold => WhenUnknown::Hold,
                raw::WhenUnknown::Trim => WhenUnknown::Fall(Mode::Trim),
                raw::WhenUnknown::AgentOnly => WhenUnknown::Fall(Mode::AgentOnly),
                raw::WhenUnknown::Overflow => WhenUnknown::Fall(Mode::Overflow),
            },
            patience: patience.and_then(|patience| self.minutes(&patience)).unwrap_or(PATIENCE),
        };
        if let Some(flaw) = policy.flaw() {
            let hint = "for instance `modes: { trim: { below: 80%, until: 90% }, agentOnly: { below: 30% } }`";
            self.wrong(at, flaw.to_string(), hint);
        }
        policy
    }

    fn rarity(&mut self, evidence: raw::Evidence) -> Rarity {
        let usual = Rarity::default();
        let minutes = |resolver: &mut Self, span: Option<Spanned<raw::Span>>, usual: f64| {
            span.and_then(|span| resolver.minutes(&span)).map_or(usual, |minutes| f64::from(minutes.get()))
        };
        let page = minutes(self, evidence.page_every, usual.page);
        let ticket = minutes(self, evidence.ticket_every, usual.ticket);
        let variation = match evidence.variation {
            None => usual.variation,
            Some(cv) if 0.01 <= cv.value && cv.value <= 3.0 => cv.value * cv.value,
            Some(cv) => {
                let hint = "write how much the share of bad events varies from minute to minute: 0.5 is half of it";
                self.wrong(cv.referenced, "the variation must lie between 0.01 and 3", hint);
                usual.variation
            }
        };
        Rarity { page, ticket, variation }
    }

    /// Whole minutes, at least one.
    pub(super) fn minutes(&mut self, span: &Spanned<raw::Span>) -> Option<Minutes> {
        let length: Duration = span.value.0;
        let minutes = Minutes::exactly(length).filter(|minutes| Minutes::new(0) < *minutes);
        if minutes.is_none() {
            let hint = "counts come by the minute: write `5m`, `12h`, `30d`";
            self.wrong(span.referenced, "this is not a number of whole minutes", hint);
        }
        minutes
    }
}

fn remaining(share: raw::Percent) -> Remaining {
    Remaining::new(i64::from(share.0.get()))
}

/// The mark that is a gap above another, as far as there is room.
fn above(mark: Remaining) -> Remaining {
    Remaining::new(mark.get() + GAP.get()).min(Remaining::WHOLE)
}
