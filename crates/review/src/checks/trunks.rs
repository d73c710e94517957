//! Do calls have more than one way in and out?

use std::collections::BTreeSet;

use crate::catalogue::Check;
use crate::facts::{Facts, TrunkState};
use crate::finding::{Exhibit, Judged, Weight};
use crate::plan::Plan;
use crate::words::{count, some};

pub(crate) struct Trunks;

impl Check for Trunks {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        let mut judged = Judged::default();
        ways_in(plan, facts, &mut judged);
        match &facts.outbound {
            Ok(routes) => {
                for route in routes.iter().filter(|route| route.is_enabled && route.trunks < plan.limits.carriers) {
                    judged.blocks(
                        &route.name,
                        format!("Calls out by this route have {}.", count(route.trunks, "trunk")),
                        "Give the route a second trunk, in sequence.",
                    );
                }
            }
            Err(gap) => judged.gap("outbound routes", gap),
        }
        judged
    }
}

fn ways_in(plan: &Plan, facts: &Facts, judged: &mut Judged) {
    let trunks = match &facts.trunks {
        Ok(trunks) => trunks,
        Err(gap) => return judged.gap("trunks", gap),
    };
    let named = |state| -> Vec<String> {
        trunks.iter().filter(|trunk| trunk.state == state).map(|trunk| trunk.name.clone()).collect()
    };
    for name in named(TrunkState::OutOfService) {
        judged.blocks(name, "The trunk is out of service.", "See the carrier's status, and what its proxy answers.");
    }
    for name in named(TrunkState::Unknown) {
        judged.add(Weight::Unknown, name, "Nobody knows whether it carries calls.", "See the trunk's status page.");
    }
    for name in named(TrunkState::Maintenance) {
        judged.warns(name, "The trunk is switched off.", "Switch it on when the maintenance is over.");
    }
    let fit: Vec<_> = trunks.iter().filter(|trunk| trunk.state == TrunkState::InService).collect();
    // Two trunks to one proxy fall together.
    let carriers: BTreeSet<_> = fit
        .iter()
        .map(|trunk| if trunk.proxies.is_empty() { vec![trunk.name.clone()] } else { trunk.proxies.clone() })
        .collect();
    if carriers.len() < plan.limits.carriers {
        let names: Vec<String> = fit.iter().map(|trunk| trunk.name.clone()).collect();
        let which = if names.is_empty() { String::new() } else { format!(" ({})", some(&names)) };
        judged.blocks(
            "trunks",
            format!(
                "Calls have {} in service{which}; {} are asked for.",
                count(carriers.len(), "carrier"),
                plan.limits.carriers
            ),
            "Add a second carrier on a path of its own.",
        );
    }
    let rows = trunks
        .iter()
        .map(|trunk| vec![trunk.name.clone(), word(trunk.state).to_owned(), trunk.proxies.join(" ")])
        .collect();
    let columns = vec!["TRUNK", "STATE", "LEADS TO"];
    judged.exhibits.push(Exhibit::Table { title: "Trunks".to_owned(), columns, rows });
    judged.summary = format!("{} to {} in service", count(fit.len(), "trunk"), count(carriers.len(), "carrier"));
}

const fn word(state: TrunkState) -> &'static str {
    match state {
        TrunkState::InService => "in service",
        TrunkState::Maintenance => "switched off",
        TrunkState::OutOfService => "out of service",
        TrunkState::Unknown => "unknown",
    }
}
