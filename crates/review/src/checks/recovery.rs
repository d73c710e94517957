//! Would callers be served if the region were lost?

use flow::chart::{Chart, Substitutions};

use crate::catalogue::Check;
use crate::facts::{Emergency, EmergencyFlow, Facts};
use crate::finding::{Judged, Weight};
use crate::plan::Plan;
use crate::words::{count, some};

pub(crate) struct Recovery;

impl Check for Recovery {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        let Some(planned) = &plan.recovery else {
            return Judged::skipped("the plan says nothing of a lost region");
        };
        let mut judged = Judged::default();
        groups(&planned.groups, facts, &mut judged);
        numbers(facts, &mut judged);
        match &facts.backup {
            Ok(Some(true)) => {}
            Ok(Some(false)) => judged.blocks(
                "backup credential",
                "It is refused.",
                "Renew it, and keep it in a store that does not fall with the first.",
            ),
            Ok(None) => judged.blocks(
                "backup credential",
                "There is none: whoever is locked out cannot lead callers elsewhere.",
                "Make a second OAuth client, and write it under `backup` of the organisation.",
            ),
            Err(gap) => judged.gap("backup credential", gap),
        }
        judged.summary =
            format!("{}, {}", count(planned.groups.len(), "emergency group"), count(planned.numbers.len(), "number"));
        judged
    }
}

fn groups(planned: &[String], facts: &Facts, judged: &mut Judged) {
    let known = match &facts.emergencies {
        Ok(known) => known,
        Err(gap) => return judged.gap("emergency groups", gap),
    };
    for name in planned {
        match known.iter().find(|group| group.name == *name) {
            Some(group) => fit(group, judged),
            None => judged.blocks(
                name,
                "The organisation has no such emergency group.",
                "Make one that leads callers to a flow without Data Actions.",
            ),
        }
    }
}

fn fit(group: &Emergency, judged: &mut Judged) {
    if group.is_on {
        judged.blocks(&group.name, "The emergency is on now.", "Switch it off when it is over; launch after that.");
    }
    if group.routes == 0 || group.flows.is_empty() {
        judged.blocks(&group.name, "It leads no call route to any flow.", "Give it the call routes, and a flow.");
    }
    for flow in &group.flows {
        stands_alone(group, flow, judged);
    }
}

/// What an emergency flow asks of others may be lost with them.
fn stands_alone(group: &Emergency, flow: &EmergencyFlow, judged: &mut Judged) {
    let about = format!("{} / {}", group.name, flow.name);
    if !flow.is_published {
        return judged.blocks(about, "Callers cannot get it: it is not published.", "Publish it.");
    }
    match flow.text.as_ref().map(|text| Chart::read(text, &Substitutions::default())) {
        Ok(Ok(chart)) => {
            let asks: Vec<String> = chart.asks().map(|(_, _, ask)| ask.action.clone()).collect();
            if !asks.is_empty() {
                let what = format!("It asks {} for what may be lost: {}.", count(asks.len(), "time"), some(&asks));
                judged.blocks(about, what, "Lead callers to a queue without any Data Action.");
            }
        }
        Ok(Err(_)) => judged.add(Weight::Unknown, about, "It cannot be read.", "Look at it in Architect."),
        Err(gap) => judged.gap(about, gap),
    }
}

fn numbers(facts: &Facts, judged: &mut Judged) {
    let numbers = match &facts.numbers {
        Ok(numbers) => numbers,
        Err(gap) => return judged.gap("numbers", gap),
    };
    for number in numbers {
        match (number.exists, number.is_assigned) {
            (true, true) => {}
            (true, false) => judged.blocks(&number.number, "It leads nowhere.", "Give it to a call route."),
            (false, _) => {
                judged.blocks(&number.number, "The organisation does not have it.", "Order it, or correct the plan.");
            }
        }
    }
}
